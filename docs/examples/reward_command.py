#!/usr/bin/env python3
"""A reward of kind `command`: 1 when the last line is the gold answer, whatever the case.

  reward:
    - command: {command: python3 docs/examples/reward_command.py, judges_answers: true}

One request a line on stdin, one reply a line on stdout (docs/rewards.md, "Custom rewards"). What is
written to stderr goes to the log of the run.
"""
import json
import sys


def score(completion, answer):
    lines = completion.replace("<answer>", "\n").replace("</answer>", "\n").split("\n")
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        return 0.0, "incorrect", "no_answer"
    if lines[-1].casefold() == answer.strip().casefold():
        return 1.0, "correct", "ok"
    return 0.0, "incorrect", "the last line is " + lines[-1][:100]


for line in sys.stdin:
    request = json.loads(line)
    results = [score(text, request["answer"]) for text in request["completions"]]
    reply = {
        "id": request["id"],
        "values": [value for value, _, _ in results],
        "verdicts": [verdict for _, verdict, _ in results],
        "reasons": [reason for _, _, reason in results],
    }
    print(json.dumps(reply), flush=True)
