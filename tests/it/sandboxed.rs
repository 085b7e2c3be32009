//! The sandbox: what runs in it reaches nothing of the person's, in no way that is known.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Outcome, Sandbox, TRIBUNAL, executable, run};
use crate::needs::{Need, skip};

/// The user that tests become where they run as root, whom no limit holds: `nobody` in most systems.
const OTHER: u32 = 65534;

/// What is said where something got out.
const OUT: &str = "GOT-OUT";

/// A person's machine: a home folder with secrets, sockets that listen, a process that works.
struct Machine {
    sandbox: Sandbox,
    work: PathBuf,
    tcp: TcpListener,
    udp: UdpSocket,
    pathname: UnixListener,
    abstracted: UnixListener,
    victim: Child,
}

/// A way out: its name, the limits that it is tried under, and what is run. What is run says `GOT-OUT` where
/// it got out by itself.
type Way = (&'static str, &'static [&'static str], &'static str);

const WAYS: &[Way] = &[
    ("home", &[], "cat $REAL_HOME/secret.txt"),
    (".ssh", &[], "cat $REAL_HOME/.ssh/id_key ~/.ssh/id_key"),
    ("environment of the parent", &[], "cat /proc/*/environ | tr '\\0' '\\n'; env"),
    (
        "names of processes",
        &[],
        "tr '\\0' ' ' < /proc/$VICTIM/cmdline | grep -q 98765 && echo GOT-OUT",
    ),
    (
        "pathname socket",
        &[],
        "perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0) && connect(S,sockaddr_un(\"$ENV{BASE}/s.sock\")) && print \"GOT-OUT\"'",
    ),
    (
        "abstract socket",
        &[],
        "perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0) && connect(S,sockaddr_un(\"\\0tribunal-test-$ENV{TCP}\")) && print \"GOT-OUT\"'",
    ),
    (
        "network by address",
        &[],
        "perl -MSocket -e 'socket(S,AF_INET,SOCK_STREAM,0) && connect(S,sockaddr_in($ENV{TCP},inet_aton(\"127.0.0.1\"))) && print \"GOT-OUT\"'",
    ),
    (
        "network by datagram, as names are asked for",
        &[],
        "perl -MSocket -e 'socket(S,AF_INET,SOCK_DGRAM,0) && send(S,\"GOT-OUT\",0,sockaddr_in($ENV{UDP},inet_aton(\"127.0.0.1\")))'",
    ),
    ("ptrace", &[], "perl -e 'print \"GOT-OUT\" if syscall(101,16,$ENV{VICTIM}+0,0,0)==0'"),
    (
        "memory of another process",
        &[],
        "head -c 1 /proc/$VICTIM/mem && echo GOT-OUT; ls -l /proc/$VICTIM/cwd/ 2>/dev/null | grep . && echo GOT-OUT",
    ),
    ("git config of the user", &[], "git config --global --list; cat $REAL_HOME/.gitconfig"),
    ("temporary files of others", &[], "cat $BASE/temporary.txt"),
    (
        "link to a file outside",
        &[],
        "ln -s $BASE/kept.txt soft; echo GOT-OUT >> soft; ln $BASE/kept.txt hard; echo GOT-OUT >> hard",
    ),
    (
        "library for the next program",
        &[],
        "echo /tmp/x.so > /etc/ld.so.preload; echo GOT-OUT > $REAL_HOME/.profile; env | grep LD_PRELOAD && echo GOT-OUT",
    ),
    (
        "build script",
        &[],
        "mkdir -p $REAL_HOME/bin && echo GOT-OUT > $REAL_HOME/bin/cargo; echo GOT-OUT >> $REAL_HOME/.bashrc",
    ),
    ("deletes the folder above", &[], "rm -rf .. ../* $BASE/*; rm -rf $REAL_HOME/*"),
    ("signal to the parent", &[], "kill -9 $PPID; kill -9 $VICTIM; kill -9 -1"),
    ("left running", &[], "setsid sh -c 'sleep 87654.3' < /dev/null > /dev/null 2>&1 &"),
    (
        "devices",
        &[],
        "mknod disk b 8 0 && echo GOT-OUT; for one in sda vda kmsg mem loop0; do head -c 1 /dev/$one && echo GOT-OUT; done; true > /dev/kmsg && echo GOT-OUT",
    ),
    ("clock", &[], "date -s 2001-01-01 > /dev/null && echo GOT-OUT"),
    (
        "namespace of its own",
        &[],
        "unshare -Ur true && echo GOT-OUT; perl -e 'print \"GOT-OUT\" if syscall(272,0x10000000)==0'",
    ),
    (
        "open files of whoever started it",
        &[],
        "cat <&7; cat /proc/self/fd/8/.ssh/id_key; echo GOT-OUT > /proc/self/fd/8/.bashrc",
    ),
    (
        "file with the rights of its owner",
        &[],
        "cp /bin/sh s; chmod 4755 s && echo GOT-OUT; perl -e 'sysopen(F,\"t\",65,04755) && print \"GOT-OUT\"'",
    ),
    ("limits of another process", &[], "prlimit --pid $VICTIM --nofile=3:3 && echo GOT-OUT"),
    (
        "words typed into a terminal",
        &[],
        "perl -e 'open(T,\"+</dev/tty\") && ioctl(T,0x5412,\"x\") && print \"GOT-OUT\"'; perl -e 'ioctl(STDOUT,0x5412,\"x\") && print \"GOT-OUT\"'",
    ),
    ("rights of files outside", &[], "chmod 600 $REAL_HOME/.ssh/id_key && echo GOT-OUT"),
    (
        "git's settings and hooks",
        &[],
        "git config core.fsmonitor /bin/true && echo GOT-OUT; echo x > .git/hooks/pre-commit && echo GOT-OUT",
    ),
    ("mount", &[], "mount -t tmpfs none /tmp && echo GOT-OUT; mount --bind / . && echo GOT-OUT"),
];

impl Machine {
    fn new(sandbox: Sandbox) -> Self {
        let base = sandbox.path().to_owned();
        let home = sandbox.home();
        fs::create_dir_all(home.join(".ssh")).unwrap();
        fs::write(home.join("secret.txt"), OUT).unwrap();
        fs::write(home.join(".ssh/id_key"), OUT).unwrap();
        fs::write(home.join(".gitconfig"), format!("[user]\n\tname = {OUT}\n")).unwrap();
        fs::write(base.join("temporary.txt"), OUT).unwrap();
        fs::write(base.join("kept.txt"), "kept\n").unwrap();
        let work = base.join("folder/work");
        fs::create_dir_all(&work).unwrap();
        let made = Command::new("git").args(["init", "--quiet"]).current_dir(&work).status();
        assert!(made.unwrap().success());
        let pathname = UnixListener::bind(base.join("s.sock")).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let name = format!("tribunal-test-{}", tcp.local_addr().unwrap().port());
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let abstracted = UnixListener::bind_addr(&address).unwrap();
        own(&base);
        let mut victim = as_other(Path::new("sleep"), &base);
        let victim = victim.arg("98765").stdout(Stdio::null()).spawn().unwrap();
        let machine = Self { sandbox, work, tcp, udp, pathname, abstracted, victim };
        for listener in [&machine.pathname, &machine.abstracted] {
            listener.set_nonblocking(true).unwrap();
        }
        machine.tcp.set_nonblocking(true).unwrap();
        machine.udp.set_nonblocking(true).unwrap();
        machine
    }

    /// Runs a script in the sandbox.
    fn confined(&self, words: &[&str], script: &str) -> Outcome {
        self.confined_in(words, script, &[])
    }

    /// The same with further folders in `PATH`.
    fn confined_in(&self, words: &[&str], script: &str, path: &[PathBuf]) -> Outcome {
        let mut command = as_other(Path::new("sh"), &self.work);
        // Whoever starts a program may have a file and a folder open.
        let opens = "exec \"$0\" \"$@\" 7<\"$HOME/secret.txt\" 8<\"$HOME\"";
        command.args(["-c", opens, TRIBUNAL]);
        let usual = ["/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].into_iter();
        let usual = usual.map(PathBuf::from);
        let port = |address: std::net::SocketAddr| address.port().to_string();
        command
            .env_clear()
            .env("PATH", std::env::join_paths(usual.chain(path.iter().cloned())).unwrap())
            .env("HOME", self.sandbox.home())
            .env("LD_PRELOAD", "")
            .env("SOME_TOKEN", OUT);
        let setting = format!(
            "REAL_HOME={}; BASE={}; VICTIM={}; TCP={}; UDP={}; export REAL_HOME BASE VICTIM TCP UDP; {script}",
            self.sandbox.home().display(),
            self.sandbox.path().display(),
            self.victim.id(),
            port(self.tcp.local_addr().unwrap()),
            port(self.udp.local_addr().unwrap()),
        );
        command.arg("sandbox").args(words).args(["--", "sh", "-c", &setting]);
        run(command, b"")
    }

    /// What of the machine is not as it was.
    fn harm(&mut self) -> Option<String> {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let (home, base) = (self.sandbox.home(), self.sandbox.path());
        if read(base.join("kept.txt")) != "kept\n" || read(base.join("temporary.txt")) != OUT {
            return Some("a file outside changed".to_owned());
        }
        for name in ["bin/cargo", ".bashrc", ".profile"] {
            if home.join(name).exists() {
                return Some(format!("`~/{name}` was written"));
            }
        }
        if read(home.join("secret.txt")) != OUT || Path::new("/etc/ld.so.preload").exists() {
            return Some("home or system changed".to_owned());
        }
        if self.victim.try_wait().unwrap().is_some() {
            return Some("a process outside was ended".to_owned());
        }
        if self.tcp.accept().is_ok() || self.udp.recv(&mut [0; 16]).is_ok() {
            return Some("the network was reached".to_owned());
        }
        if self.pathname.accept().is_ok() || self.abstracted.accept().is_ok() {
            return Some("a socket was reached".to_owned());
        }
        is_running("sleep\u{0}87654.3").then(|| "something was left running".to_owned())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.victim.kill());
        drop(self.victim.wait());
    }
}

/// Gives a folder to the user that programs run as.
fn own(path: &Path) {
    if !rustix::process::getuid().is_root() {
        return;
    }
    std::os::unix::fs::lchown(path, Some(OTHER), Some(OTHER)).unwrap();
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path());
        }
    }
}

/// A program, as a user whom limits hold.
fn as_other(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::getuid().is_root() {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    command.arg(program).current_dir(dir).stdin(Stdio::null());
    command
}

/// Whether a process with these arguments runs.
fn is_running(arguments: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|one| fs::read(one.path().join("cmdline")).ok());
    lines.into_iter().any(|line| String::from_utf8_lossy(&line).contains(arguments))
}

/// The ways that led out, with what was seen.
fn ways_out(with: &str) -> Vec<(&'static str, String)> {
    let mut machine = Machine::new(Sandbox::new());
    let mut led_out = Vec::new();
    for (name, limits, script) in WAYS {
        let words = [&["--with", with], *limits].concat();
        let outcome = machine.confined(&words, script);
        let said = format!("{outcome:?}");
        let harm = machine.harm();
        if said.contains(OUT) || harm.is_some() {
            led_out.push((*name, harm.unwrap_or(said)));
            machine = Machine::new(Sandbox::new());
        }
    }
    led_out
}

/// Why bubblewrap cannot be tried here, where it cannot.
fn without_bubblewrap() -> Option<String> {
    let sandbox = Sandbox::new();
    let machine = Machine::new(sandbox);
    let outcome = machine.confined(&["--with", "bubblewrap"], "true");
    (outcome.code != 0).then(|| format!("{outcome:?}"))
}

#[test]
fn no_way_leads_out_of_bubblewrap() {
    if let Some(why) = without_bubblewrap() {
        return skip("no_way_leads_out_of_bubblewrap", Need::Bubblewrap, &why);
    }
    assert_eq!(ways_out("bubblewrap"), []);
}

#[test]
fn what_leads_out_of_landlock_is_in_the_documents() {
    let led_out = ways_out("landlock");
    let names: Vec<&str> = led_out.iter().map(|(name, _)| *name).collect();
    let known = ["names of processes", "rights of files outside", "git's settings and hooks"];
    assert_eq!(names, known, "{led_out:?}");
    let documents = include_str!("../../docs/sandbox.md");
    for name in names {
        assert!(documents.contains(name), "docs/sandbox.md does not say: {name}");
    }
}

/// Bombs: what grows without end is stopped, and soon.
#[test]
fn what_grows_without_end_is_stopped() {
    let bombs: &[(&str, &[&str], &str)] = &[
        ("processes", &["--processes", "64"], "bomb() { bomb | bomb & }; bomb; sleep 2"),
        (
            "memory of one",
            &["--memory", "128M"],
            "perl -e '$x = \"a\" x (1 << 29); print \"GOT-OUT\"'",
        ),
        (
            "memory of many",
            &["--memory", "256M"],
            "for i in 1 2 3 4; do perl -e '$x = \"a\" x (100 << 20); sleep 20; print \"GOT-OUT\"' & done; wait",
        ),
        ("one large file", &["--disk", "16M"], "head -c 64M /dev/zero > large && echo GOT-OUT"),
        (
            "many files",
            &["--disk", "32M"],
            "i=0; while head -c 1M /dev/zero > f$i; do i=$((i+1)); [ $i = 400 ] && sleep 20 && echo GOT-OUT && exit; done",
        ),
        ("temporary files", &[], "head -c 3G /dev/zero > /tmp/large && echo GOT-OUT"),
        ("shared memory", &[], "head -c 3G /dev/zero > /dev/shm/large && echo GOT-OUT"),
        ("processor time", &["--time", "1"], "while :; do :; done; echo GOT-OUT"),
    ];
    let backends: &[&str] =
        if without_bubblewrap().is_some() { &["landlock"] } else { &["bubblewrap", "landlock"] };
    for with in backends {
        for (name, limits, script) in bombs {
            // Without a file system in memory these write to the disk, which is held as a whole.
            if *with == "landlock" && ["temporary files", "shared memory"].contains(name) {
                continue;
            }
            let machine = Machine::new(Sandbox::new());
            let began = Instant::now();
            let outcome = machine.confined(&[&["--with", with], *limits].concat(), script);
            let took = began.elapsed();
            assert!(!format!("{outcome:?}").contains(OUT), "{with}: {name}: {outcome:?}");
            assert!(took < Duration::from_secs(19), "{with}: {name}: {took:?}: {outcome:?}");
        }
    }
}

#[test]
fn what_builds_need_is_there() {
    let machine = Machine::new(Sandbox::new());
    for with in ["bubblewrap", "landlock"] {
        if with == "bubblewrap" && without_bubblewrap().is_some() {
            continue;
        }
        let works = "echo made > file && cat file && mkdir -p a/b && cp file a/b/ && mv a c && ls c/b \
            && printf 'x' > \"${TMPDIR:-/tmp}/t\" && git --version && echo \"$HOME\" && perl -e 'print 6*7'";
        machine.confined(&["--with", with], works).ok().says("made").says("42");
        fs::remove_dir_all(machine.work.join("c")).unwrap();
        // The number that the command ends with is ours.
        machine.confined(&["--with", with], "exit 7").code(7);
        machine.confined(&["--with", with], "kill -9 $$").code(137);
    }
    if without_bubblewrap().is_none() {
        // Tests that start a server of their own reach it.
        let server = "perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(Listen=>1,LocalAddr=>\"127.0.0.1:0\"); \
            $c=IO::Socket::INET->new(PeerAddr=>\"127.0.0.1:\".$s->sockport); print $c ? \"reached\" : \"not\"'";
        machine.confined(&["--with", "bubblewrap"], server).ok().says("reached");
        let network = "perl -MSocket -e 'socket(S,AF_INET,SOCK_STREAM,0) && connect(S,sockaddr_in($ENV{TCP},inet_aton(\"127.0.0.1\"))) && print \"reached\"'";
        machine.confined(&["--network"], network).ok().says("reached");
    }
}

#[test]
fn what_is_asked_for_is_there_and_nothing_beside_it() {
    let machine = Machine::new(Sandbox::new());
    let shared = machine.sandbox.path().join("shared");
    fs::create_dir_all(&shared).unwrap();
    fs::write(shared.join("data.txt"), "data").unwrap();
    own(&shared);
    let words = |how| [how, shared.to_str().unwrap()];
    machine
        .confined(&words("--read"), "cat $BASE/shared/data.txt; echo x > $BASE/shared/y")
        .says("data");
    assert!(!shared.join("y").exists());
    machine.confined(&words("--write"), "echo x > $BASE/shared/y").ok();
    assert!(shared.join("y").exists());
    // A link that was left in a folder of `PATH`, or where something may be written, opens nothing.
    let home = machine.sandbox.home();
    std::os::unix::fs::symlink(&home, machine.work.join("tools")).unwrap();
    let script = "cat $REAL_HOME/secret.txt; echo x > $REAL_HOME/y";
    for with in ["bubblewrap", "landlock"] {
        if with == "bubblewrap" && without_bubblewrap().is_some() {
            continue;
        }
        machine
            .confined_in(
                &["--with", with],
                script,
                &[machine.work.join("tools"), home.join("x/..")],
            )
            .never_says(OUT);
    }
    machine
        .confined(&["--write", "tools"], script)
        .code(125)
        .says("is reached by a link")
        .never_says(OUT);
    for path in [home.to_str().unwrap(), "/", "/tmp", "/proc"] {
        machine.confined(&["--read", path], "true").code(125).says("name a folder within");
    }
    assert!(!home.join("y").exists());
    machine.confined(&["--read", "/nowhere/at/all"], "true").code(125).says("/nowhere/at/all");
    machine.confined(&["--memory", "much"], "true").code(2).says("512M");
    let mut said = String::new();
    let mut bare = as_other(Path::new(TRIBUNAL), &machine.work);
    let mut child =
        bare.args(["sandbox", "--", "no-such-program"]).stderr(Stdio::piped()).spawn().unwrap();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(127), "{said}");
    assert!(said.contains("could not start `no-such-program`"), "{said}");
}

/// The numbers that a shell and programs which start others have, so that what failed is told apart.
#[test]
fn what_did_not_run_ends_with_a_number_of_its_own() {
    let machine = Machine::new(Sandbox::new());
    let run_it = |path: &str, words: &[&str]| {
        let mut command = as_other(Path::new(TRIBUNAL), &machine.work);
        command.env_clear().env("PATH", path).env("HOME", machine.sandbox.home());
        command.arg("sandbox").args(words);
        run(command, b"")
    };
    fs::write(machine.work.join("text"), "no program\n").unwrap();
    own(&machine.work);
    for with in ["bubblewrap", "landlock"] {
        if with == "bubblewrap" && without_bubblewrap().is_some() {
            continue;
        }
        for (words, code) in [
            (&["--", "no-such-program"][..], 127),
            (&["--", "./text"], 126),
            (&["--read", "/no/such/folder", "--", "true"], 125),
            (&["--time", "1", "--", "sleep", "60"], 124),
            (&["--", "false"], 1),
        ] {
            run_it("/usr/bin:/bin", &[&["--with", with], words].concat()).code(code);
        }
    }
    // What is above a folder of the system's may be anybody's.
    let bin = machine.work.join("bin");
    fs::create_dir(&bin).unwrap();
    let mark = machine.work.join("called");
    executable(bin.join("bwrap"), format!("#!/bin/sh\necho called > {}\n", mark.display()));
    own(&machine.work);
    run_it(&format!("/usr/..{}:/usr/bin:/bin", bin.display()), &["--", "true"]);
    assert!(!mark.exists());
}

/// In a container the leader of the session is often a process outside it, whose number is 0 there.
#[test]
fn what_is_used_is_counted_where_the_session_began_outside_the_container() {
    let machine = Machine::new(Sandbox::new());
    let contained = |words: &[&str]| {
        let mut command = as_other(Path::new("unshare"), &machine.work);
        command.args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]);
        command.args(words).env("HOME", machine.sandbox.home());
        run(command, b"")
    };
    let probe = contained(&["true"]);
    if probe.code != 0 {
        let test = "what_is_used_is_counted_where_the_session_began_outside_the_container";
        return skip(test, Need::UserNamespaces, &probe.to_string());
    }
    contained(&[TRIBUNAL, "sandbox", "--", "sleep", "1"]).ok();
    let hogs = "for i in 1 2 3 4; do perl -e '$x = \"a\" x (100 << 20); sleep 60' & done; wait";
    let words = [TRIBUNAL, "sandbox", "--memory", "256M", "--", "sh", "-c", hogs];
    contained(&words).code(124).says("more than 256M of memory");
}
