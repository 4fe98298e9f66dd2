# The warm interpreter of cohort-judge (keeper.cc). It runs no judged program; for each it forks a
# process into the namespaces that the run's init process (run_init.cc) has made. Standard library
# only; the text is part of cohort-judge.
import os

# What these modules want to do in a forked child costs as much as the fork. It is put off to the
# forks of a program's own: in the first child there is nothing to put right.
fork_hooks = []
register_at_fork, os.register_at_fork = os.register_at_fork, lambda **hooks: fork_hooks.append(hooks)

import atexit, builtins, ctypes, gc, marshal, resource, select, signal, socket, sys, threading
import traceback, types
import _sitebuiltins

# What programs commonly import, so that it is there after a fork.
import abc, bisect, cmath, collections, collections.abc, copy, dataclasses, datetime, decimal, enum
import fractions, functools, heapq, io, itertools, json, math, operator, random, re, string, struct
import time, typing

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x20000, 0x8000000, 0x20000000
PR_SET_PDEATHSIG, PR_SET_SECCOMP = 1, 22
SECCOMP_MODE_FILTER = 2
WORK = "/box/work"

os.register_at_fork = register_at_fork
random.seed(1)  # like the hash seed: the same in every run, so that verdicts are

libc = ctypes.CDLL(None, use_errno=True)
setns, prctl, capset = libc.setns, libc.prctl, libc.capset
control = socket.socket(fileno=3)


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what + ": " + os.strerror(ctypes.get_errno()))


class SeccompProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


with open(4, "rb") as file:
    filter_bytes = file.read()
filter_buffer = ctypes.create_string_buffer(filter_bytes, len(filter_bytes))
seccomp_program = SeccompProgram(len(filter_bytes) // 8, ctypes.addressof(filter_buffer))
capability_header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
no_capabilities = (ctypes.c_uint32 * 6)()


# ---- the value that a call returns, as text ------------------------------------------------------

# Everything that it needs is bound here: a program may put its own things into `builtins`.
def make_literal():
    type_, id_, len_, ascii_, range_ = type, id, len, ascii, range
    int_, float_, str_, bool_, none, list_, tuple_, dict_, set_ = (
        int, float, str, bool, type(None), list, tuple, dict, set)
    int_text, float_text, bit_length = int.__repr__, float.__repr__, int.bit_length
    items, infinity, set_digits = dict.items, float("inf"), sys.set_int_max_str_digits
    error = ValueError

    def write(value, put, depth, type_=type_):
        kind = type_(value)
        if kind is none:
            put("None")
        elif kind is bool_:
            put("True" if value else "False")
        elif kind is int_:
            if bit_length(value) > 400000:
                raise error("an integer of more than 120,000 digits")
            put(int_text(value))
        elif kind is float_:
            if value != value:
                put('float("nan")')
            elif value == infinity:
                put('float("inf")')
            elif value == -infinity:
                put('float("-inf")')
            else:
                put(float_text(value))
        elif kind is str_:
            put(ascii_(value))
        elif depth > 90:
            raise error("a value of more than 90 levels")
        elif kind is list_:
            put("[")
            for item in value:
                write(item, put, depth + 1)
                put(",")
            put("]")
        elif kind is tuple_:
            put("(")
            for item in value:
                write(item, put, depth + 1)
                put(",")
            put(")")
        elif kind is dict_:
            put("{")
            for key, item in items(value):
                write(key, put, depth + 1)
                put(":")
                write(item, put, depth + 1)
                put(",")
            put("}")
        elif kind is set_:
            if len_(value) == 0:
                put("set()")
            else:
                put("{")
                for item in value:
                    write(item, put, depth + 1)
                    put(",")
                put("}")
        else:
            raise error("a value of type " + kind.__name__ + ", which is not a plain one")

    def literal(value, limit):
        pieces = []
        size = 0
        append = pieces.append

        def put(text):
            nonlocal size
            size += len_(text)
            if size > limit:
                raise error("a value of more text than the output limit")
            append(text)

        set_digits(0)
        write(value, put, 0)
        return "".join(pieces).encode("ascii")

    return literal


literal = make_literal()


# ---- a program's own process ---------------------------------------------------------------------

def print_error(error):
    # Without the runner's own frame; by the program's hook, if it has one.
    frames = error.__traceback__ and error.__traceback__.tb_next
    try:
        sys.excepthook(type(error), error.with_traceback(frames), frames)
    except BaseException:
        traceback.print_exc()


def exit_status(error):
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    try:
        print(error.code, file=sys.stderr)
    except BaseException:
        pass
    return 1


# What the interpreter does at its end, but for the freeing of memory.
def finish(status, module, streams, exit_now=os._exit):
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException as error:
        print_error(error)
    flush(streams)
    let_go(module.__dict__)  # files that the program left open are written out
    exit_now(120 if flush(streams) and status == 0 else status)


# Finalizers find what they are likely to use: those of the globals themselves run first, then those
# of what containers hold, then the rest.
def let_go(names):
    kept = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, int, float,
            complex, str, bytes, type(None))
    for wanted in lambda kind: hasattr(kind, "__del__"), lambda kind: not issubclass(kind, kept):
        for name in list(names):
            try:
                if name in names and wanted(type(names[name])):
                    del names[name]
            except BaseException:
                pass
    names.clear()


def flush(streams):
    failed = False
    for stream in (sys.stdout, sys.stderr, *streams):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BaseException:
            failed = True
    return failed


def find(module, path):
    found = module
    for part in path.split("."):
        name = part.removesuffix("()")
        found = getattr(found, name)
        if name != part:
            found = found()
    return found


def run_python(job, returns, report):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    is_call = job["kind"] == b"call"
    # A called program's `if __name__ == "__main__"` is not part of the call.
    name = "solution" if is_call else "__main__"
    path = WORK + "/main.py"
    module = modules[name]
    module.__dict__.update(__builtins__=builtins, __file__=path)
    sys.modules[name] = module
    sys.argv = ["main.py", *(a.decode("utf-8", "surrogateescape") for a in job["arguments"])]
    sys.path.insert(0, WORK)
    gc.enable()
    for hooks in fork_hooks:
        os.register_at_fork(**hooks)
    # Bound before the program runs.
    write, exit_now, exit_error, everything = os.write, os._exit, SystemExit, BaseException
    to_literal, show, leave, explain, flush_all = literal, print_error, finish, str, flush
    find_entry, status_of = find, exit_status
    nonce, limit = job["nonce"], int(job["output_bytes"])
    length_bytes = int.to_bytes

    def send(kind, data, length=len):
        data = nonce + kind + length_bytes(length(data), 8, "little") + data
        while data:
            data = data[write(returns, data):]

    try:
        code = compile(job["source"], path, "exec", dont_inherit=True)
    except BaseException as error:
        error.__traceback__ = None
        traceback.print_exception(error)
        flush(streams)
        os.write(report, b"syntax\n")
        os._exit(1)
    arguments = ()
    if is_call:
        try:
            arguments = marshal.loads(job["call_arguments"])
        except BaseException as error:
            os.write(report, ("fail the arguments of the call: %s\n" % error).encode())
            os._exit(1)
    entry_point = job["entry_point"].decode()
    os.close(report)
    del job
    value, status = None, 0
    try:
        exec(code, module.__dict__)
        if is_call:
            value = find_entry(module, entry_point)(*arguments)
    except exit_error as error:
        status, is_call = status_of(error), False
    except everything as error:
        show(error)
        status, is_call = 1, False
    if not is_call:
        leave(status, module, streams)
    try:
        data, kind = to_literal(value, limit), b"v"
    except everything as error:
        data, kind = ("it returned " + explain(error)).encode(), b"x"
    send(kind, data)
    flush_all(streams)
    exit_now(0)


# In the run's pid namespace, but not yet in its others.
def run_program(namespaces, payload, meeting, stdin, stdout, stderr, returns, report):
    try:
        control.detach()
        check(prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG")
        for number, file in enumerate((stdin, stdout, stderr)):
            os.dup2(file, number)
        job = read_job(payload)
        if not os.read(meeting, 1):  # the init process has failed, and said why
            os._exit(1)
        check(setns(namespaces, CLONE_NEWNS | CLONE_NEWIPC), "setns")
        os.write(meeting, b"j")
        os.chdir(WORK)
        os.setsid()
        for what, soft, hard in job["limits"]:
            resource.setrlimit(what, (soft, hard))
        check(capset(capability_header, no_capabilities), "capset")
        check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, seccomp_reference, 0, 0),
              "PR_SET_SECCOMP")
        if not os.read(meeting, 1):  # now it is closed to this process
            os._exit(1)
        if job["kind"] != b"call":
            os.close(returns)
            returns = report
        low, high = sorted((returns, report))
        for first, last in (3, low), (low + 1, high), (high + 1, 1 << 20):
            os.closerange(first, last)
        os.write(report, b"run\n")
    except BaseException as error:
        os.write(report, ("fail %s\n" % error).encode())
        os._exit(1)
    run_python(job, returns, report)


def read_job(file):
    data = os.pread(file, os.fstat(file).st_size, 0)
    fields = []
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place:place + 8], "little")
        fields.append(data[place + 8:place + 8 + size])
        place += 8 + size
    names = "kind", "limits", "nonce", "output_bytes", "source", "entry_point", "call_arguments"
    job = dict(zip(names, fields))
    job["arguments"] = fields[len(names):]
    numbers = [int(text) for text in job["limits"].split()]
    job["limits"] = list(zip(numbers[::3], numbers[1::3], numbers[2::3]))
    return job


# ---- the warm interpreter ------------------------------------------------------------------------

del os.environ["PYTHONHASHSEED"]
own_namespace = os.pidfd_open(os.getpid())
sys.path[:] = [folder for folder in sys.path if folder]
builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
builtins.help = _sitebuiltins._Helper()
# The streams that programs get, made on files of the kinds that they will have.
os.dup2(os.memfd_create("input"), 0)
output = os.pipe()
os.dup2(output[1], 1)
os.dup2(output[1], 2)
streams = sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__ = (
    open(0, encoding="utf-8", errors="surrogateescape", closefd=False),
    open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False),
    open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1))
os.closerange(own_namespace + 1, 1 << 20)
modules = {name: types.ModuleType(name) for name in ("__main__", "solution")}
seccomp_reference = ctypes.byref(seccomp_program)
# Once here, so that what is made at a first use is there after a fork.
exec(compile(b"pass", "main.py", "exec", dont_inherit=True), {})
literal([1, 1.5, "", True, None, (), {1: {2}}], 100)
gc.collect()
gc.disable()
gc.freeze()
control.send(b"ready")
while True:
    # What became a child of this process and was not its own: unreaped, it would keep the run's
    # namespaces, and with them the init process, for ever.
    try:
        while not select.select([control], [], [], 0 if os.waitpid(-1, os.WNOHANG)[0] else 0.01)[0]:
            pass
    except ChildProcessError:
        pass
    message, files, _, _ = socket.recv_fds(control, 16, 16, socket.MSG_CMSG_CLOEXEC)
    if not message:
        os._exit(0)
    try:
        check(setns(files[0], CLONE_NEWPID), "setns")
        process = os.fork()
        if process == 0:
            run_program(*files)
    except OSError as error:  # the run may be over already
        process, end = None, b"fail %s\n" % str(error).encode()
    check(setns(own_namespace, CLONE_NEWPID), "setns")
    report = files.pop()
    for file in files:
        os.close(file)
    if process is not None:
        ended = None
        while ended != process:
            ended, status, usage = os.wait4(-1, 0)
        end = b"end %d %d %d\n" % (status, (usage.ru_utime + usage.ru_stime) * 1e6, usage.ru_maxrss)
    try:
        os.write(report, end)
    except OSError:  # nobody waits for it any more
        pass
    os.close(report)
