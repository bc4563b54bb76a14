"""Where servers are found: URLs, files, settings and keys."""

import json
import os
import sys
import tempfile
import types
import unittest
import unittest.mock
import uuid

import fake_server
import rpc_client
from rpc_client import Client, InvalidParams, Unavailable, open_registry, read_instance

MODES = hasattr(os, "getuid")


def instance(**changed):
    told = {
        "name": "rpc",
        "id": "r",
        "address": "127.0.0.1",
        "port": 6666,
        "sslPort": None,
        "registrationTimeUTC": 5,
        "rpc": {"id": "s", "weight": 1, "methods": []},
    }
    told.update(changed)
    return json.dumps(told).encode()


class Instances(unittest.TestCase):
    def test_what_servers_and_curator_write_is_read(self):
        plain = read_instance(instance())
        self.assertEqual((plain.id, plain.address, plain.weight, plain.cluster), ("s", "127.0.0.1:6666", 1, None))
        curator = read_instance(b'{"name":"a","id":"i","address":"h","port":80,"payload":null,"serviceType":"DYNAMIC"}')
        self.assertEqual((curator.id, curator.address), ("i", "h:80"))
        ours = {"id": "s", "weight": 0, "tls": {"cluster": "c"}, "secret": "x"}
        keyed = read_instance(instance(port=None, sslPort=7, rpc=ours))
        self.assertEqual((keyed.port, keyed.cluster, keyed.weight, keyed.secret), (7, "c", 0, "x"))
        self.assertEqual(read_instance(instance(address="fe80::1%eth0")).address, "[fe80::1%eth0]:6666")

    def test_a_service_whose_name_differs_in_case_alone_is_another_one(self):
        self.assertIsNone(read_instance(instance(name="Web"), "web"))
        self.assertIsNotNone(read_instance(instance(name="Web"), "Web"))
        self.assertIsNotNone(read_instance(instance(name="shop"), "web"))

    def test_what_is_none_is_skipped(self):
        for text in (
            None,
            b"",
            b"{",
            b"[]",
            b"null",
            b"7",
            b"\xff",
            b"[" * 100_000,
            b" " * 300_000,
            instance(address="a b"),
            instance(address=""),
            instance(address="evil\n"),
            instance(address=5),
            instance(port=0),
            instance(port=65_536),
            instance(port="80"),
            instance(port=True),
            instance(port=1.5),
            instance(enabled=False),
            instance(rpc=5),
            instance(rpc={"tls": {}}),
            instance(rpc={"weight": -1}),
            instance(rpc={"weight": "heavy"}),
            instance(rpc={"weight": 10**400}),
            instance(rpc={"secret": 5}),
            instance(registrationTimeUTC="now"),
        ):
            with self.subTest((text or b"")[:80]):
                self.assertIsNone(read_instance(text))


class Urls(unittest.TestCase):
    def test_what_is_no_registry_is_told_with_the_forms_that_there_are(self):
        for url in (
            "",
            "local",
            "nothing:here",
            "static:",
            "static:127.0.0.1",
            "static:127.0.0.1:0",
            "static:127.0.0.1:65536",
            "static:a b:1",
            "static:127.0.0.1:1,",
            "zookeeper:127.0.0.1",
            "zookeeper://",
            "zookeeper://user@host",
            "zookeeper://host?nothing=1",
        ):
            with self.subTest(url), self.assertRaisesRegex(InvalidParams, "write local:"):
                open_registry(url)

    def test_a_password_is_not_repeated(self):
        with self.assertRaises(InvalidParams) as caught:
            open_registry("zookeeper://bob:secr@et@a b")
        self.assertNotIn("secr", str(caught.exception))
        self.assertNotIn("et@a", str(caught.exception))
        for url in ("static:bob:secret@host:1", "static:bob:x,secret@host:1", "static:secret@host"):
            with self.subTest(url), self.assertRaises(InvalidParams) as caught:
                open_registry(url)
            self.assertNotIn("secret", str(caught.exception))

    def test_services_have_names_of_letters_and_digits(self):
        for service in ("../other", "a/b", " ", "x" * 129):
            with self.subTest(service), self.assertRaises(InvalidParams):
                Client("local:", service)

    def test_who_finds_no_server_is_told_to_start_one_that_the_clients_reach(self):
        for registry, service, command in [
            ("local:", "rpc", "127.0.0.1 0"),
            ("zookeeper://me:***@127.0.0.1:2181", "images", "127.0.0.1 0 --service images"),
            ("zookeepers://me:***@zk:2281/rpc", "images", "0.0.0.0 6666 --service images"),
        ]:
            text = rpc_client._start_text(registry, service)
            self.assertEqual(text, f"start one: rpc serve {command}")

    def test_zookeeper_without_kazoo_says_what_to_install(self):
        hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "kazoo"}
        sys.modules["kazoo"] = None
        try:
            with self.assertRaisesRegex(Unavailable, "pip install kazoo"):
                open_registry("zookeeper://127.0.0.1:2181")
        finally:
            del sys.modules["kazoo"]
            sys.modules.update(hidden)


@unittest.skipUnless(MODES, "locks and modes of POSIX")
class Local(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = holder.name
        self.directory = os.path.join(self.root, "rpc")
        self.locks = {}
        self.addCleanup(lambda: [os.close(lock) for lock in self.locks.values()])

    def register(self, server, is_alive=True):
        import fcntl

        os.makedirs(self.directory, exist_ok=True)
        name = str(uuid.uuid4())
        path = os.path.join(self.directory, name)
        lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR)
        if is_alive:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.locks[name] = lock
        else:
            os.close(lock)
        with open(f"{path}.tmp", "wb") as file:
            file.write(instance(port=server.port, rpc={"id": name}))
        os.rename(f"{path}.tmp", f"{path}.json")
        return name

    def until(self, client, *servers):
        wanted = sorted(server.address for server in servers)
        fake_server.until(lambda: client.connected == wanted)

    def test_servers_are_used_as_they_come_and_let_go_when_they_leave(self):
        with fake_server.FakeServer(fake_server.echo) as one, fake_server.FakeServer(fake_server.echo) as other:
            with Client(f"local:{self.root}") as client:
                first = self.register(one)
                self.assertEqual(client.call("f", [1], timeout=60), [1])
                self.register(other)
                self.until(client, one, other)
                # Taken out of the registry, and gone a moment later.
                os.remove(os.path.join(self.directory, f"{first}.json"))
                one.close()
                self.until(client, other)
                self.assertEqual(client.call("f", [2], timeout=60), [2])

    def test_what_dead_servers_left_is_not_called_and_is_removed(self):
        with fake_server.FakeServer(fake_server.echo) as dead, fake_server.FakeServer(fake_server.echo) as living:
            name = self.register(dead, is_alive=False)
            self.register(living)
            with Client(f"local:{self.root}") as client:
                self.until(client, living)
                self.assertEqual(client.call("f", timeout=60), None)
            self.assertEqual(dead.peers, [])
            self.assertEqual([one for one in os.listdir(self.directory) if one.startswith(name)], [])

    def test_on_windows_where_no_open_file_is_removed_a_dead_servers_lock_is_removed_too(self):
        import fcntl

        def locking(lock, mode, count):
            self.assertEqual((mode, count), ("no waiting", 1))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

        remove = os.remove

        def remove_if_closed(path):
            info = os.stat(path)
            for number in os.listdir("/dev/fd"):
                try:
                    if os.path.samestat(os.fstat(int(number)), info):
                        raise PermissionError("the process cannot access the file")
                except OSError as error:
                    if isinstance(error, PermissionError):
                        raise
            remove(path)

        with fake_server.FakeServer(fake_server.echo) as server:
            dead = self.register(server, is_alive=False)
            living = self.register(server)
            msvcrt = types.SimpleNamespace(locking=locking, LK_NBLCK="no waiting")
            with unittest.mock.patch.object(sys, "platform", "win32"):
                with unittest.mock.patch.dict(sys.modules, {"msvcrt": msvcrt}):
                    with unittest.mock.patch.object(os, "remove", remove_if_closed):
                        self.assertFalse(rpc_client._is_locked(self.directory, dead))
                        self.assertTrue(rpc_client._is_locked(self.directory, living))
        self.assertEqual(sorted(os.listdir(self.directory)), [f"{living}.json", f"{living}.lock"])

    def test_the_directory_is_the_one_of_rpc_serve_on_each_system(self):
        directory = rpc_client._local_directory
        with unittest.mock.patch.dict(os.environ, {"LOCALAPPDATA": "/u/Local"}):
            with unittest.mock.patch.object(sys, "platform", "win32"):
                self.assertEqual(directory(), os.path.join("/u/Local", "rpc"))
                os.environ["LOCALAPPDATA"] = "AppData/Local"
                self.assertRaisesRegex(InvalidParams, "LOCALAPPDATA", directory)
                del os.environ["LOCALAPPDATA"]
                self.assertRaisesRegex(InvalidParams, "LOCALAPPDATA", directory)
        own = f"rpc-{os.getuid()}"
        for temporary, expected in ((self.root, self.root), ("", "/tmp"), ("not/absolute", "/tmp")):
            with unittest.mock.patch.dict(os.environ, {"XDG_RUNTIME_DIR": "/none", "TMPDIR": temporary}):
                self.assertEqual(directory(), os.path.join(expected, own))

    def test_files_of_others_and_pipes_are_left_alone(self):
        os.makedirs(self.directory)
        for name in ("notes.json", "x.lock"):
            with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
                file.write("{}")
        pipe = str(uuid.uuid4())
        os.mkfifo(os.path.join(self.directory, f"{pipe}.json"))
        os.mkfifo(os.path.join(self.directory, f"{pipe}.lock"))
        with fake_server.FakeServer(fake_server.echo) as server:
            self.register(server)
            with Client(f"local:{self.root}") as client:
                self.until(client, server)
        self.assertLessEqual({"notes.json", "x.lock", f"{pipe}.json", f"{pipe}.lock"}, set(os.listdir(self.directory)))

    def test_a_directory_that_cannot_be_read_is_told_and_an_empty_one_says_how_to_start_a_server(self):
        with fake_server.fails_soon(), Client(f"local:{self.root}") as client:
            with self.assertRaisesRegex(Unavailable, "rpc serve"):
                client.call("f", timeout=60)
        path = os.path.join(self.root, "file")
        open(path, "w", encoding="utf-8").close()
        with fake_server.fails_soon(), Client(f"local:{path}") as client:
            with self.assertRaisesRegex(Unavailable, "Cannot read the local registry"):
                client.call("f", timeout=60)


class Remembered(unittest.TestCase):
    """A registry that tells what a test says, and keeps its last list."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory = os.path.join(holder.name, "made", "by the client")
        self.warnings = []
        said = unittest.mock.patch.object(rpc_client.log, "warning", lambda text, *more: self.warnings.append(text % more))
        said.start()
        self.addCleanup(said.stop)

    def registry(self, shown="zookeeper://a:2181"):
        registry = rpc_client._Registry(shown)
        registry.told = []
        registry._tell = lambda found, trouble: registry.told.append(trouble if found is None else found)
        registry.remember(self.directory, "rpc")
        return registry

    def files(self):
        return os.listdir(self.directory) if os.path.isdir(self.directory) else []

    def recalled(self, *given):
        registry = self.registry(*given)
        registry._trouble("it is gone")
        return registry.told

    def test_the_last_list_is_told_in_an_outage_before_it_and_none_in_place_of_the_registrys_own(self):
        keyed = {"rpc": {"tls": {"cluster": "c"}, "weight": 2.5}, "sslPort": 6667, "port": None}
        listed = [read_instance(instance()), read_instance(instance(address="::1", **keyed))]
        self.assertEqual(self.recalled(), ["it is gone"])
        first = self.registry()
        first._found(listed)
        first._found([])
        self.assertEqual(len(self.files()), 1)
        self.assertEqual(self.warnings, [])
        self.assertEqual(self.recalled(), [listed, "it is gone"])
        self.assertRegex(self.warnings.pop(), "zookeeper://a:2181 cannot be asked.* 2 servers")
        # The list of another registry is another one.
        self.assertEqual(self.recalled("zookeeper://b:2181"), ["it is gone"])
        told = self.registry()
        told._found(listed[:1])
        told._trouble("it is gone")
        self.assertEqual(told.told, [listed[:1], "it is gone"])
        self.assertEqual(len(self.files()), 1)

    def test_a_registry_that_can_be_asked_again_is_told_of_whatever_it_lists(self):
        gone = "it is gone"
        for listed in ([], [read_instance(instance())]):
            registry = self.registry()
            registry._trouble(gone)
            for _ in range(2):
                registry._found(listed)
                registry._found(listed)
                registry._trouble(gone)
            self.assertEqual(registry.told, [gone, listed, gone, listed, gone])

    def test_a_list_that_cannot_be_used_or_kept_is_told_of_and_does_no_harm(self):
        self.registry()._found([read_instance(instance())])
        path = os.path.join(self.directory, self.files()[0])
        for text in (b"", b"[1, 2", b"[[[", b"5", b'{"a": 1}', b"\xff", b'[1, null, {"id": "x"}]'):
            with open(path, "wb") as file:
                file.write(text)
            with self.subTest(text):
                self.assertEqual(self.recalled(), ["it is gone"])
        if MODES:
            os.chmod(path, 0o666)
            self.assertEqual(self.recalled(), ["it is gone"])
            self.assertRegex(self.warnings[-1], "other users of this machine can change")
        os.remove(path)
        os.mkdir(path)
        self.warnings.clear()
        registry = self.registry()
        for port in (1, 2):
            registry._found([read_instance(instance(port=port))])
        self.assertEqual((len(registry.told), len(self.warnings)), (2, 1))
        self.assertEqual(self.files(), [os.path.basename(path)])


class Settings(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.home = holder.name
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        for name in [name for name in os.environ if name.startswith("RPC_")]:
            del os.environ[name]
        os.environ.update(XDG_CONFIG_HOME=self.home, APPDATA=self.home)
        os.makedirs(os.path.join(self.home, "rpc"))

    def write(self, text):
        with open(os.path.join(self.home, "rpc", "rpc.toml"), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def test_settings_are_in_the_first_directory_that_is_an_absolute_path(self):
        own = "APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME"
        root, in_home = ("C:\\", ("AppData", "Roaming")) if sys.platform == "win32" else ("/", (".config",))
        for given, expected in (
            ({own: f"{root}x", "HOME": f"{root}h"}, [f"{root}x"]),
            ({own: "x", "HOME": f"{root}h", "USERPROFILE": f"{root}u"}, [f"{root}h", *in_home]),
            ({"HOME": "h", "USERPROFILE": f"{root}u"}, [f"{root}u", *in_home]),
            ({"HOME": "", "USERPROFILE": "u"}, None),
        ):
            names = (own, "HOME", "USERPROFILE")
            with unittest.mock.patch.dict(os.environ, {name: given.get(name, "") for name in names}):
                wanted = expected and os.path.join(*expected, "rpc")
                self.assertEqual(rpc_client._config_directory(), wanted)

    def test_the_registry_is_the_one_that_rpc_call_takes(self):
        with fake_server.FakeServer(fake_server.echo) as server:
            self.write(f'# mine\nregistry = "{fake_server.static(server)}" # here\n[other]\nregistry = "no"\n')
            with Client() as client:
                self.assertEqual(client.call("f", [1]), [1])
            self.write("registry = 'nothing:'\n")
            os.environ["RPC_REGISTRY"] = fake_server.static(server)
            with Client() as client:
                self.assertEqual(client.call("f", [1]), [1])
            os.environ["RPC_REGISTRY"] = ""
            with self.assertRaises(InvalidParams):
                Client()

    def test_settings_that_an_editor_of_windows_has_written_count(self):
        with fake_server.FakeServer(fake_server.echo) as server:
            self.write(f'\ufeffregistry = "{fake_server.static(server)}"\r\nservice = "s"\r\n')
            with Client() as client:
                self.assertEqual(client.call("f", [1]), [1])

    def test_settings_that_cannot_be_read_are_not_taken_for_missing(self):
        path = os.path.join(self.home, "rpc", "rpc.toml")
        with open(path, "w", encoding="utf-16") as file:
            file.write("registry = 'nothing:'\n")
        with self.assertRaisesRegex(InvalidParams, "Cannot read .*rpc.toml: .*decode"):
            Client()
        os.remove(path)
        os.mkdir(path)
        with self.assertRaisesRegex(InvalidParams, "Cannot read .*rpc.toml: "):
            Client()

    @unittest.skipUnless(MODES, "there are no owners and modes")
    def test_settings_that_another_user_could_have_written_stop_the_client(self):
        directory = os.path.join(self.home, "rpc")
        path = os.path.join(directory, "rpc.toml")
        with fake_server.FakeServer(fake_server.echo) as server:
            self.write(f'registry = "{fake_server.static(server)}"\n')
            for one, open_mode, mended in ((path, 0o666, 600), (directory, 0o777, 700)):
                before = os.stat(one).st_mode
                os.chmod(one, open_mode)
                with self.assertRaisesRegex(InvalidParams, f"can change {one}; first: chmod {mended} {one}"):
                    Client()
                os.chmod(one, before)
            user = os.stat(path).st_uid + 1
            with unittest.mock.patch.object(os, "getuid", return_value=user):
                if os.stat(path).st_uid == 0:
                    os.chown(path, 4_242, -1)
                with self.assertRaisesRegex(InvalidParams, f"another user's .*first: sudo chown {user} {path}"):
                    Client()
            with Client() as client:
                self.assertEqual(client.call("f", [1]), [1], "root takes what belongs to whoever it runs for")

    def test_keys_that_cannot_be_used_stop_the_client_and_it_does_not_go_on_without(self):
        keys = os.path.join(self.home, "rpc", "keys")
        os.makedirs(keys)
        with open(os.path.join(keys, "ca.crt"), "w", encoding="utf-8") as file:
            file.write("nothing")
        with fake_server.FakeServer(fake_server.echo) as server:
            with self.assertRaisesRegex(InvalidParams, "Cannot use the keys"):
                Client(fake_server.static(server))
            with Client(fake_server.static(server), insecure=True) as client:
                self.assertEqual(client.call("f", [1]), [1])

    def test_new_keys_that_cannot_be_used_are_told_of_once_however_often_they_are_looked_at(self):
        unfit = InvalidParams("unfit")
        reads = [(("first", "c"), [b"1"]), unfit, unfit, (("second", "c"), [b"2"]), unfit]
        looks = [("a", "first", 1), ("", "first", 1), ("", "second", 1), ("b", "second", 2)]
        with unittest.mock.patch.object(rpc_client._Keys, "_read", side_effect=reads):
            keys = rpc_client._Keys(self.home)
            with unittest.mock.patch.object(rpc_client.log, "warning") as warned:
                for written, context, warnings in looks:
                    if written != "":
                        with open(os.path.join(self.home, "ca.crt"), "a", encoding="utf-8") as file:
                            file.write(written)
                    self.assertEqual((keys.current()[0], warned.call_count), (context, warnings))

    def test_keys_that_are_only_touched_or_written_anew_are_the_same_keys(self):
        blocks = {
            name: f"-----BEGIN {kind}-----\n{name.encode().hex()}\n-----END {kind}-----\n"
            for name, kind in (("ca.crt", "CERTIFICATE"), ("machine.crt", "CERTIFICATE"), ("machine.key", "PRIVATE KEY"))
        }

        def write(name, text):
            path = os.path.join(self.home, name)
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(path + ".new", path)

        for name, text in blocks.items():
            write(name, text)
        loaded = [object() for _ in range(8)]
        with unittest.mock.patch.object(rpc_client._Keys, "_context_of", side_effect=loaded):
            with unittest.mock.patch.object(rpc_client._Keys, "_cluster_of", return_value="c"):
                keys = rpc_client._Keys(self.home)
                first = keys.current()[0]
                for name, text in blocks.items():
                    write(name, text)
                    os.utime(os.path.join(self.home, name), (0, 0))
                    self.assertIs(keys.current()[0], first)
                write("pending.key", blocks["machine.key"] + blocks["machine.crt"] + blocks["ca.crt"])
                write("machine.crt", blocks["machine.crt"].replace("\n", "\r\n"))
                self.assertIs(keys.current()[0], first, "whole in one more file, which somebody writes")
                os.remove(os.path.join(self.home, "pending.key"))
                write("machine.key", blocks["ca.crt"])
                self.assertIsNot(keys.current()[0], first)

    def test_a_server_with_keys_is_not_called_in_the_open(self):
        told = rpc_client._Instance("s", "127.0.0.1", 1, cluster="c")

        class Listed(rpc_client._Registry):
            def _run(self):
                self._found([told])

        opened, rpc_client.open_registry = rpc_client.open_registry, lambda url, keys: Listed(url)
        try:
            with fake_server.fails_soon(), Client("local:") as client:
                with self.assertRaisesRegex(rpc_client.Unauthenticated, "rpc keys join"):
                    client.call("f", timeout=60)
        finally:
            rpc_client.open_registry = opened


if __name__ == "__main__":
    unittest.main()
