# The warm interpreter of cohort-judge (interpreter.cc): process 1 of its namespaces, in a read-only
# root. It runs no judged program; for each it forks a process into fresh pid, mount and ipc
# namespaces (init), which forks the program's own. Standard library only; the text is part of
# cohort-judge.
import atexit, builtins, ctypes, errno, fcntl, gc, os, resource, signal, socket, stat, sys, threading
import traceback, types
import _sitebuiltins

# What programs commonly import, so that it is there after a fork.
import abc, bisect, cmath, collections, collections.abc, copy, dataclasses, datetime, decimal, enum
import fractions, functools, hashlib, heapq, io, itertools, json, math, operator, queue, random, re
import statistics, string, struct, time, typing

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x20000, 0x8000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2
WORK = "/box/work"
MEGABYTE = 1 << 20

libc = ctypes.CDLL(None, use_errno=True)
has_proc = sys.argv[1] == "1"
control = socket.socket(fileno=3)


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what + ": " + os.strerror(ctypes.get_errno()))


def mount(source, target, kind, flags, options):
    arguments = [None if a is None else a.encode() for a in (source, target, kind)]
    check(libc.mount(*arguments, ctypes.c_ulong(flags), options and options.encode()), "mount " + target)


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

def set_limits(job):
    def limit(what, soft, hard=None):
        resource.setrlimit(what, (soft, soft if hard is None else hard))

    seconds = max(1, -(-int(job["cpu_milliseconds"]) // 1000))
    memory = int(job["memory_bytes"])
    limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    limit(resource.RLIMIT_AS, memory + 1024 * MEGABYTE)
    limit(resource.RLIMIT_STACK, (64 if job["kind"] != b"command" else 128) * MEGABYTE)
    limit(resource.RLIMIT_FSIZE, int(job["file_bytes"]))
    limit(resource.RLIMIT_NOFILE, 64)
    limit(resource.RLIMIT_NPROC, int(job["processes"]) + 2)  # and the two of the runner
    limit(resource.RLIMIT_SIGPENDING, 256)
    for what in (resource.RLIMIT_CORE, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_MEMLOCK,
                 resource.RLIMIT_NICE, resource.RLIMIT_RTPRIO):
        limit(what, 0)


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
    print(error.code, file=sys.stderr)
    return 1


# What the interpreter does at its end, but for the freeing of memory.
def finish(status, module, streams, exit_now=os._exit):
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
    except BaseException as error:
        print_error(error)
    flush(streams)
    module.__dict__.clear()  # files that the program left open are written out
    exit_now(120 if flush(streams) and status == 0 else status)


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
    streams = sys.stdin, sys.stdout, sys.stderr = (
        open(0, encoding="utf-8", errors="surrogateescape", closefd=False),
        open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False),
        open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1))
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = streams
    # A called program's `if __name__ == "__main__"` is not part of the call.
    name = "solution" if is_call else "__main__"
    path = WORK + "/main.py"
    module = types.ModuleType(name)
    module.__dict__.update(__builtins__=builtins, __file__=path)
    sys.modules[name] = module
    sys.argv = ["main.py", *(a.decode("utf-8", "surrogateescape") for a in job["arguments"])]
    sys.path.insert(0, WORK)
    os.environ.pop("PYTHONHASHSEED", None)
    gc.enable()
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
        plain = {"__builtins__": {}, "float": float, "set": set, "nan": math.nan, "inf": math.inf}
        try:
            arguments = eval(job["call_arguments"].decode(), plain)
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


def run_command(job, program):
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    command = job["arguments"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/work", "LANG": "C.UTF-8"}
    os.execve(command[0] if program is None else program, command, environment)


def run_program(job, stdin, stdout, stderr, returns, report, program):
    os.setsid()
    check(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE")
    for number, file in enumerate((stdin, stdout, stderr)):
        os.dup2(file, number)
    kept = [returns, report] if job["kind"] != b"command" else [program] if program else []
    start = 3
    for file in sorted(kept):
        os.closerange(start, file)
        start = file + 1
    os.closerange(start, 1 << 20)
    os.chdir(WORK)
    set_limits(job)
    if job["kind"] == b"command":
        run_command(job, program)
    run_python(job, returns, report)


# ---- the init process of a run -------------------------------------------------------------------

def read_job(file):
    data = os.pread(file, os.fstat(file).st_size, 0)
    fields = []
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place:place + 8], "little")
        fields.append(data[place + 8:place + 8 + size])
        place += 8 + size
    names = ("kind", "nonce", "source", "entry_point", "call_arguments", "collect", "cpu_milliseconds",
             "memory_bytes", "processes", "output_bytes", "file_bytes", "argument_count")
    job = dict(zip(names, fields))
    rest = fields[len(names):]
    count = int(job["argument_count"])
    job["arguments"] = rest[:count]
    job["files"] = list(zip(rest[count::2], rest[count + 1::2]))
    return job


def enter(job):
    os.close(own_namespace)
    control.close()
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG")
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC), "unshare")
    file_bytes = int(job["file_bytes"])
    mount("box", "/box", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
          "size=%d,nr_inodes=2048,mode=755" % file_bytes)
    for folder in (WORK, "/box/tmp", "/box/shm"):
        os.mkdir(folder, 0o755)
    if has_proc:
        flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
        mount("proc", "/proc", "proc", flags, "subset=pid")
        # When memory runs out, this run goes first: before the warm interpreter, or a trainer.
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        mount("proc", "/proc", None, flags | MS_RDONLY | MS_REMOUNT | MS_BIND, None)
    for name, content in job["files"]:
        path = os.path.join(WORK, name.decode("utf-8", "surrogateescape"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb", buffering=0) as file:
            file.write(content)
    # The program has this user too: it must not reach into this process.
    check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE")
    check(libc.capset(capability_header, no_capabilities), "capset")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(seccomp_program), 0, 0),
          "PR_SET_SECCOMP")


def send_file(path, target):
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(file).st_mode):
        while os.sendfile(target, file, None, 1 << 20):
            pass


def init(payload, stdin, stdout, stderr, returns, report, program=None):
    try:
        job = read_job(payload)
        os.close(payload)
        enter(job)
        os.write(report, b"run\n")
        child = os.fork()
    except BaseException as error:
        os.write(report, ("fail %s\n" % error).encode())
        os._exit(1)
    if child == 0:
        try:
            run_program(job, stdin, stdout, stderr, returns, report, program)
        except BaseException as error:
            os.write(2, ("cannot be run: %s\n" % error).encode())
        os._exit(127)
    ended = None
    while ended != child:
        ended, status = os.wait4(-1, 0)[:2]
    if job["collect"] and status == 0:
        send_file(os.path.join(WORK, job["collect"].decode()), returns)
    os.write(report, b"end %d\n" % status)
    os._exit(0)


# ---- the warm interpreter ------------------------------------------------------------------------

own_namespace = os.pidfd_open(os.getpid())
sys.path[:] = [folder for folder in sys.path if folder]
builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
builtins.help = _sitebuiltins._Helper()
signal.signal(signal.SIGINT, signal.SIG_DFL)
gc.collect()
gc.disable()
gc.freeze()
control.send(b"r" + sys.argv[1].encode())
while True:
    message, files, _, _ = socket.recv_fds(control, 16, 16, socket.MSG_CMSG_CLOEXEC)
    if not message:
        os._exit(0)
    check(libc.unshare(CLONE_NEWPID), "unshare")
    process = os.fork()
    if process == 0:
        init(*files)
    check(libc.setns(own_namespace, CLONE_NEWPID), "setns")
    for file in files:
        os.close(file)
    handle = os.pidfd_open(process)
    socket.send_fds(control, [b"p"], [handle])
    os.close(handle)
    usage = os.wait4(process, 0)[2]
    control.send(b"%d %d" % ((usage.ru_utime + usage.ru_stime) * 1e6, usage.ru_maxrss))
