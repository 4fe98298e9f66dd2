#!/usr/bin/env python3
"""Chat templates as transformers' renderer (PyPI jinja2) renders them, for tests/model/chat_template.

  make_chat_goldens.py [VOCAB_DIR]     writes tests/golden/model/chat_template/

snippets.json: the small templates of chat_snippets.py. conversations.json: each *.jinja of that folder (written for these tests, in
the manner of the families that we train) over the conversations below. vendor.json: the same over the templates of
VOCAB_DIR/NAME/tokenizer_config.json, which are read where they are and not copied. An error is an error: its words are not kept.
"""
import datetime
import json
import os
import sys

import transformers.utils.chat_template_utils as renderer

import chat_snippets

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests/golden/model/chat_template")
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26, 7, 5, 9)


renderer.datetime = Clock


def render(template, case, special=()):
    try:
        text = renderer.render_jinja_template(
            [case.get("messages", [])], tools=case.get("tools"), chat_template=template,
            add_generation_prompt=case.get("add_generation_prompt", False), **dict(special), **case.get("kwargs", {}))[0][0]
        return {"text": text}
    except Exception:
        return {"error": True}


def user(text): return {"role": "user", "content": text}
def system(text): return {"role": "system", "content": text}
def assistant(text, **more): return {"role": "assistant", "content": text, **more}
def tool(text, **more): return {"role": "tool", "content": text, **more}


ADD = {"type": "function", "function": {"name": "add", "description": "Adds \"two\" numbers é <b>", "parameters": {
    "type": "object", "properties": {"a": {"type": "number", "enum": [1, 2.5, None]}, "b": {"type": "number"}}, "required": ["a", "b"]}}}
NOW = {"type": "function", "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": [2, {"c": "é\n"}]}}}
TEXT_CALL = {"type": "function", "function": {"name": "add", "arguments": "{\"a\": 1}"}}
PARTS = [{"type": "text", "text": " one "}, {"type": "image"}, {"type": "text", "text": "two"}]


def conversations():
    talks = [
        [], [user("What is 2+2?")], [system("Be brief."), user("Hi")], [user("a"), assistant("b"), user("c")],
        [user("a"), assistant("<think>\nhm\n</think>\n\nb"), user("c")], [user("a"), assistant("<think>\nhm\n</think>\n\nb")],
        [system(""), user("")], [user("  spaces \n\n lines  ")], [system(" s "), user(" q "), assistant(" y "), user(" z "), assistant(" w ")],
        [user("naïve 数学 🙂 \u00a0 \" ' \\ < > & {{ }} {% %} {# #} \u2028 \u0085 \x7f \x01")], [user("\r\n line \r end\t")],
        [user("a"), assistant("b", reasoning_content="why\n")], [user("a"), assistant("b", reasoning="r"), user("c"), assistant("d", thinking="t")],
        [user("a"), assistant("</think>b")], [user("a"), assistant("<think>open"), user("b")], [user("a"), assistant("x</think>y</think>z")],
        [assistant("first")], [user("a"), user("b")], [system("x"), system("y"), user("q")], [user("a"), system("late")], [user("a"), {"role": "odd", "content": "?"}],
        [user(None)], [user(PARTS)], [system(PARTS), user("q")], [{"role": "user"}], [{"content": "no role"}], [user(5)], [user("<|im_end|></s><think>")],
        [user("<tool_response>\nx\n</tool_response>")], [user("q"), assistant("", tool_calls=[CALL]), tool("3")],
        [user("q"), assistant(None, tool_calls=[TEXT_CALL, TEXT_CALL]), tool("3"), tool("4"), assistant("done"), user("more")],
        [user("q"), assistant("let me", tool_calls=[CALL, TEXT_CALL]), tool("3", tool_call_id="c1", name="add"), assistant("<think>t</think>ok")],
        [user("q"), assistant("x", tool_calls=[])], [user("q"), assistant("", tool_calls=[CALL["function"]]), tool({"r": [1, 2.0]})],
    ]
    out = [{"messages": talk, "add_generation_prompt": prompt} for talk in talks for prompt in (True, False)]
    for talk in talks[:6] + talks[-6:]:
        out.append({"messages": talk, "tools": [ADD, NOW], "add_generation_prompt": True})
    out.append({"messages": talks[1], "tools": [], "add_generation_prompt": True})
    for kwargs in ({"enable_thinking": False}, {"enable_thinking": True}, {"date_string": "1 Jan 2000"}, {"documents": [{"title": "t", "text": "x"}]}):
        for talk in (talks[1], talks[4], talks[11]):
            out.append({"messages": talk, "add_generation_prompt": True, "kwargs": kwargs})
    return out


def dump(value, levels):
    """JSON with the entries of the outer levels on lines of their own."""
    if not levels or not value or not isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[\n" + ",\n".join(dump(v, levels - 1) for v in value) + "]"
    return "{\n" + ",\n".join(json.dumps(k) + ": " + dump(v, levels - 1) for k, v in value.items()) + "}"


def write(name, value, levels):
    with open(os.path.join(OUT, name), "w", encoding="utf-8") as f:
        f.write(dump(value, levels) + "\n")


def snippet_cases():
    cases = []
    assert set(chat_snippets.REFUSED) <= set(chat_snippets.snippets()), set(chat_snippets.REFUSED) - set(chat_snippets.snippets())
    for template in dict.fromkeys(chat_snippets.snippets()):
        case = {"template": template}
        if template in chat_snippets.REFUSED:
            case["refused"] = chat_snippets.REFUSED[template]
        else:
            case.update(render(template, {"messages": [user("x")], "kwargs": chat_snippets.VARIABLES}))
        cases.append(case)
    return cases


def main():
    cases = conversations()
    write("snippets.json", {"variables": chat_snippets.VARIABLES, "cases": snippet_cases()}, 2)
    own = {}
    for name in sorted(os.listdir(OUT)):
        if name.endswith(".jinja"):
            with open(os.path.join(OUT, name), encoding="utf-8") as f:
                template = f.read()
            own[name] = [render(template, case, SPECIAL) for case in cases]
    write("conversations.json", {"special_tokens": SPECIAL, "cases": cases, "rendered": own}, 3)
    if len(sys.argv) < 2:
        return
    vendor = {}
    for name in ("deepseek_v3", "qwen3"):
        config = json.load(open(os.path.join(sys.argv[1], name, "tokenizer_config.json"), encoding="utf-8"))
        special = {k: v["content"] if isinstance(v, dict) else v for k, v in config.items()
                   if k in ("bos_token", "eos_token", "unk_token", "pad_token") and v}
        vendor[name] = [render(config["chat_template"], case, special) for case in cases]
    write("vendor.json", vendor, 2)


main()
