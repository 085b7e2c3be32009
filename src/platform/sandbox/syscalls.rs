//! The system calls that confined programs are refused, with seccomp.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// No build and no test needs them, and each is a way out or a way to more of the kernel: looking into
/// other processes, namespaces and mounts, keys, modules, clocks, and interfaces that go past seccomp.
const REFUSED: [i64; 48] = [
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
    libc::SYS_mknodat,
    libc::SYS_fanotify_init,
];

/// What is refused beside them where Landlock alone holds: without a network namespace a socket reaches
/// whatever listens on this machine.
const SOCKETS: [i64; 1] = [libc::SYS_socket];

/// A `clone` that makes a user namespace, in which a program would have every right again. What `clone3` is
/// asked for no filter can see: without it programs use `clone`.
fn with_namespaces() -> Result<SeccompRule, seccompiler::BackendError> {
    let flag = u64::from(libc::CLONE_NEWUSER.unsigned_abs());
    let is_set = SeccompCmpOp::MaskedEq(flag);
    SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Qword, is_set, flag)?])
}

/// Whether sockets may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sockets {
    Allowed,
    Refused,
}

/// Refuses the calls from now on, to this process and all that it starts.
///
/// A refused call fails as one that the kernel does not know (`ENOSYS`): programs go on without it, where
/// they can.
pub fn refuse(sockets: Sockets) -> io::Result<()> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let calls = match sockets {
        Sockets::Allowed => &[][..],
        Sockets::Refused => &SOCKETS[..],
    };
    let always = |calls: &[i64]| calls.iter().map(|call| (*call, Vec::new())).collect();
    let mut unknown: BTreeMap<i64, Vec<SeccompRule>> = always(&REFUSED);
    unknown.insert(libc::SYS_clone, vec![with_namespaces().map_err(io::Error::other)?]);
    for (rules, error) in [(unknown, libc::ENOSYS), (always(calls), libc::EACCES)] {
        if rules.is_empty() {
            continue;
        }
        let refused = SeccompAction::Errno(u32::try_from(error).unwrap_or(1));
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch);
        let program: BpfProgram = filter.and_then(TryInto::try_into).map_err(io::Error::other)?;
        apply_filter(&program).map_err(io::Error::other)?;
    }
    Ok(())
}
