//! The system calls that confined programs are refused, with seccomp.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

use crate::platform::sandbox::access::NetworkAccess;

/// No build and no test needs them, and each is a way out or a way to more of the kernel: looking into
/// other processes, namespaces and mounts, keys, modules, clocks, and interfaces that go past seccomp.
const REFUSED: &[i64] = &[
    libc::SYS_clone3,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_open_by_handle_at,
    libc::SYS_openat2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    libc::SYS_fanotify_init,
];

/// What is refused beside them where Landlock alone holds: shared memory and queues that outlive a program
/// and belong to the user, the names of the machine, and ports.
const REFUSED_WITHOUT_NAMESPACES: [i64; 15] = [
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_shmctl,
    libc::SYS_msgctl,
    libc::SYS_mq_unlink,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_mq_open,
];

/// The same, which programs ask for and go on without: the priority of any process, and attributes of files.
const FORBIDDEN_WITHOUT_NAMESPACES: [i64; 11] = [
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
];

/// The kinds of sockets that programs use: local, the two internets, and what tells of addresses.
const SOCKET_KINDS: [libc::c_int; 4] =
    [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// The kinds of files that `mknod` may not make: devices. A named pipe it may.
const DEVICE_KINDS: [u32; 2] = [libc::S_IFBLK, libc::S_IFCHR];

/// Requests to a terminal that put words into it, as if they were typed.
const TERMINAL_REQUESTS: [u64; 2] = [0x5412, 0x541c];

/// `O_TMPFILE` without the bit that it shares with `O_DIRECTORY`.
const UNNAMED: libc::c_int = 0x0040_0000;

/// The bits of a mode by which a file gives its owner's rights to whoever runs it.
const SET_ID_BITS: [u64; 2] = [0o4000, 0o2000];

/// What holds a program besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    ByNamespaces,
    ByLandlock(NetworkAccess),
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Refuses the calls from now on, to this process and all that it starts.
///
/// A call that no program needs fails as one that the kernel does not know (`ENOSYS`), so that programs go on
/// without it; what is refused for its arguments fails with `EPERM`.
pub fn refuse(held: Isolation) -> io::Result<()> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let mut unknown: Rules = always(REFUSED);
    let mut forbidden = by_arguments(held).map_err(io::Error::other)?;
    if let Isolation::ByLandlock(network) = held {
        unknown.extend(always(&REFUSED_WITHOUT_NAMESPACES));
        if network == NetworkAccess::None {
            // Without a network of its own a socket reaches whatever listens on this machine.
            forbidden.insert(libc::SYS_socket, Vec::new());
        }
    }
    for (rules, error) in [(unknown, libc::ENOSYS), (forbidden, libc::EPERM)] {
        let refused = SeccompAction::Errno(error.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch);
        let program: BpfProgram = filter.and_then(TryInto::try_into).map_err(io::Error::other)?;
        apply_filter(&program).map_err(io::Error::other)?;
    }
    Ok(())
}

fn always(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// What is refused for what it asks.
fn by_arguments(held: Isolation) -> Result<Rules, BackendError> {
    let is = |argument: u8, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
    };
    let mut rules = Rules::new();
    // A user namespace of its own, in which it would have every right again. What `clone3` is asked for no
    // filter can see: without it programs use `clone`.
    let new_user = u64::from(libc::CLONE_NEWUSER.unsigned_abs());
    rules.insert(libc::SYS_clone, vec![one(has(0, new_user)?)?]);
    let requests = TERMINAL_REQUESTS.iter().map(|request| one(is(1, *request)?));
    rules.insert(libc::SYS_ioctl, requests.collect::<Result<_, _>>()?);
    let others = SOCKET_KINDS.iter().map(|kind| {
        let kind = u64::from(kind.unsigned_abs());
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, kind)
    });
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(others.collect::<Result<_, _>>()?)?]);
    for (call, mode) in [
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_mknod, 1),
        (libc::SYS_mknodat, 2),
    ] {
        let device = |kind: &u32| {
            let masked = SeccompCmpOp::MaskedEq(u64::from(libc::S_IFMT));
            one(SeccompCondition::new(mode, SeccompCmpArgLen::Dword, masked, u64::from(*kind))?)
        };
        rules.insert(call, DEVICE_KINDS.iter().map(device).collect::<Result<_, _>>()?);
    }
    set_id(&mut rules)?;
    if let Isolation::ByLandlock(_) = held {
        // Limits and processors of other processes, tribunal among them: 0 is the caller.
        for call in [libc::SYS_prlimit64, libc::SYS_sched_setaffinity] {
            let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
            rules.insert(call, vec![one(other)?]);
        }
        // With the network come sockets; those with a path would reach the agents of the person.
        let local = u64::from(libc::AF_UNIX.unsigned_abs());
        rules.entry(libc::SYS_socket).or_default().push(one(is(0, local)?)?);
        rules.extend(always(&FORBIDDEN_WITHOUT_NAMESPACES));
    }
    Ok(rules)
}

/// Refuses to make a file that gives its owner's rights to whoever runs it.
fn set_id(rules: &mut Rules) -> Result<(), BackendError> {
    // A file without a name has a mode, too.
    let makes = [libc::O_CREAT, UNNAMED].map(|flag| u64::from(flag.unsigned_abs()));
    for (call, mode, flags) in [
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_chmod, 1, None),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_creat, 1, None),
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_open, 2, Some(1)),
        (libc::SYS_fchmod, 1, None),
        (libc::SYS_fchmodat, 2, None),
        (libc::SYS_fchmodat2, 2, None),
        (libc::SYS_openat, 3, Some(2)),
    ] {
        let mut of_call = Vec::new();
        for bit in SET_ID_BITS {
            match flags {
                None => of_call.push(one(has(mode, bit)?)?),
                Some(flags) => {
                    for make in makes {
                        let both = vec![has(mode, bit)?, has(flags, make)?];
                        of_call.push(SeccompRule::new(both)?);
                    }
                }
            }
        }
        rules.insert(call, of_call);
    }
    Ok(())
}

/// That an argument has these bits.
fn has(argument: u8, bits: u64) -> Result<SeccompCondition, BackendError> {
    let masked = SeccompCmpOp::MaskedEq(bits);
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, masked, bits)
}

fn one(condition: SeccompCondition) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition])
}
