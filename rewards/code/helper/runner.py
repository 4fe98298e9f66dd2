# The warm interpreter of cohort-judge (keeper.cc). It runs no judged program; for each it forks a
# process into the namespaces that the run's init process (run_init.cc) has made. Standard library
# only; the text is part of cohort-judge.
import os

# What these modules want to do in a forked child costs as much as the fork. It is put off to the
# forks of a program's own: in the first child there is nothing to put right.
fork_hooks = []
register_at_fork, os.register_at_fork = os.register_at_fork, lambda **hooks: fork_hooks.append(hooks)

import atexit, builtins, ctypes, gc, marshal, signal, struct, sys, threading
import traceback, types
import _sitebuiltins, _socket

# What programs commonly import, so that it is there after a fork.
import abc, bisect, cmath, collections, collections.abc, copy, dataclasses, datetime, decimal, enum
import fractions, functools, heapq, io, itertools, json, math, operator, random, re, socket, string
import time, typing

# What is done for each program is paid in page faults, in the fork and in this process: each page of
# objects that is looked at is a page copied. So the way from a message to the program's first
# line is short, and calls C where it can.

RUN_NAMESPACES = 0x20000 | 0x8000000 | 0x20000000  # CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
MSG_CMSG_CLOEXEC = 0x40000000
WORK = "/box/work"
MAIN = WORK + "/main.py"

os.register_at_fork = register_at_fork
random.seed(1)  # like the hash seed: the same in every run, so that verdicts are

libc = ctypes.CDLL(None, use_errno=True)
setns, prctl, capset = libc.setns, libc.prctl, libc.capset
control = _socket.socket(fileno=3)
exit_now = os._exit


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what + ": " + os.strerror(ctypes.get_errno()))


class SeccompProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def seccomp_program(number):
    with open(number, "rb") as file:
        instructions = file.read()
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = SeccompProgram(len(instructions) // 8, ctypes.addressof(buffer))
    program.kept = buffer
    return program


own_filter, program_filter = seccomp_program(4), seccomp_program(5)
own_filter_reference, program_filter_reference = map(ctypes.byref, (own_filter, program_filter))
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
def finish(status, module, streams, exit_now=os._exit, count=len):
    try:
        if count(threading._active) > 1 or threading._threading_atexits:
            threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException as error:
        print_error(error)
    flush(streams)
    let_go(module.__dict__)  # files that the program left open are written out
    exit_now(120 if flush(streams) and status == 0 else status)


# Types whose values have no finalizer and hold nothing that has one, but for what a function or a
# class holds.
PLAIN = frozenset((types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, int, float,
                   complex, str, bytes, bool, type(None)))


def has_finalizer(kind):
    return hasattr(kind, "__del__")


def is_container(kind):
    return not issubclass(kind, tuple(PLAIN))


# Finalizers find what they are likely to use: those of the globals themselves run first, then those
# of what containers hold, then the rest.
def let_go(names, plain=PLAIN, type=type):
    others = [name for name, value in names.items() if type(value) not in plain]
    for wanted in (has_finalizer, is_container) if others else ():
        for name in others:
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


def run_python(kind, nonce, limit, source, entry_point, call_arguments, arguments, returns, report):
    global in_program
    in_program = True
    is_call = kind == b"call"
    # A called program's `if __name__ == "__main__"` is not part of the call.
    name = "solution" if is_call else "__main__"
    module = sys.modules[name] = modules[name]
    if arguments:
        sys.argv += [argument.decode("utf-8", "surrogateescape") for argument in arguments]
    gc.enable()
    # Bound before the program runs.
    write, exit_now, exit_error, everything = os.write, os._exit, SystemExit, BaseException
    to_literal, show, leave, explain, flush_all = literal, print_error, finish, str, flush
    find_entry, status_of = find, exit_status
    length_bytes = int.to_bytes

    def send(kind, data, length=len):
        data = nonce + kind + length_bytes(length(data), 8, "little") + data
        while data:
            data = data[write(returns, data):]

    try:
        code = compile(source, MAIN, "exec", dont_inherit=True)
    except BaseException as error:
        error.__traceback__ = None
        traceback.print_exception(error)
        flush(streams)
        os.write(report, b"syntax\n")
        os._exit(1)
    if is_call:
        try:
            arguments = marshal.loads(call_arguments)
        except BaseException as error:
            os.write(report, ("fail the arguments of the call: %s\n" % error).encode())
            os._exit(1)
    entry_point = entry_point.decode()
    os.close(report)
    del source, call_arguments
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


# In the run's namespaces, which its init process may still be making.
def run_program(payload, meeting, stdin, stdout, stderr, returns, report):
    try:
        control.detach()
        os.write(meeting, b"j")
        dup2 = os.dup2
        dup2(stdin, 0)
        dup2(stdout, 1)
        dup2(stderr, 2)
        job = read_job(payload)
        # That process has set this one's limits now, or has failed and said why.
        if not os.read(meeting, 1):
            os._exit(1)
        os.chdir(WORK)
        os.setsid()
        if job[0] == b"call":
            dup2(report, 4, False)
            dup2(returns, 3, False)
            returns, report = 3, 4
        else:
            dup2(report, 3, False)
            returns = report = 3
        os.closerange(report + 1, 1 << 20)
        check(capset(capability_header, no_capabilities), "capset")
        check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program_filter_reference, 0, 0),
              "PR_SET_SECCOMP")
        os.write(report, b"run\n")
    except BaseException as error:
        os.write(report, ("fail %s\n" % error).encode())
        os._exit(1)
    run_python(*job, returns, report)


def read_job(file):
    data = os.pread(file, 1 << 14, 0)
    if len(data) == 1 << 14:
        data = os.pread(file, os.fstat(file).st_size, 0)
    return marshal.loads(data)


# ---- the warm interpreter ------------------------------------------------------------------------

def hooks_of(kind):
    return [hooks[kind] for hooks in fork_hooks if kind in hooks]


def at_fork(hooks):
    def run():
        if in_program:
            for hook in hooks:
                hook()
    return run


in_program = False  # until there is one in this process
os.register_at_fork(before=at_fork(hooks_of("before")[::-1]),
                    after_in_parent=at_fork(hooks_of("after_in_parent")),
                    after_in_child=at_fork(hooks_of("after_in_child")))
del os.environ["PYTHONHASHSEED"]
signal.signal(signal.SIGINT, signal.default_int_handler)
own_namespaces = os.pidfd_open(os.getpid())
sys.path[:] = [WORK, *(folder for folder in sys.path if folder)]
sys.argv = ["main.py"]
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
os.closerange(own_namespaces + 1, 1 << 20)
modules = {name: types.ModuleType(name) for name in ("__main__", "solution")}
for module in modules.values():
    module.__dict__.update(__builtins__=builtins, __file__=MAIN)
# Once here, so that what is made at a first use is there after a fork.
exec(compile(b"pass", "main.py", "exec", dont_inherit=True), {})
literal([1, 1.5, "", True, None, (), {1: {2}}], 100)
numbers = struct.Struct("8i")
control_bytes = _socket.CMSG_SPACE(numbers.size)
check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, own_filter_reference, 0, 0), "PR_SET_SECCOMP")
gc.collect()
gc.disable()
gc.freeze()
control.send(b"ready")
while True:
    message, received, _, _ = control.recvmsg(16, control_bytes, MSG_CMSG_CLOEXEC)
    if not message:
        os._exit(0)
    namespaces, *files = numbers.unpack(received[0][2])
    try:
        check(setns(namespaces, RUN_NAMESPACES), "setns")
        process = os.fork()
        if process == 0:
            try:
                run_program(*files)
            except BaseException as error:  # of a program that has patched what its end needs
                print_error(error)
            finally:
                exit_now(1)
    except OSError as error:  # the run may be over already
        process, end = None, b"fail %s\n" % str(error).encode()
    check(setns(own_namespaces, RUN_NAMESPACES), "setns")
    report = files[-1]
    os.closerange(namespaces, report)  # as they came, one after the other
    if process is not None:
        _, status, usage = os.wait4(process, 0)
        end = b"end %d %d %d\n" % (status, (usage.ru_utime + usage.ru_stime) * 1e6, usage.ru_maxrss)
    try:
        os.write(report, end)
    except OSError:  # nobody waits for it any more
        pass
    os.close(report)
