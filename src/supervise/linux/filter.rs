//! The program that the kernel runs at each system call of a supervised process.
//!
//! Owns which calls wait for the supervisor, and which are refused outright. What is not named
//! here runs at native speed: the kernel remembers that it is always allowed.

use std::io;

use libc::{c_long, sock_filter, sock_fprog};

/// Offsets into `struct seccomp_data` (seccomp(2)).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

/// The low word of an argument: every value that is compared here fits into it.
const fn argument(index: u8) -> u32 {
    let low = if cfg!(target_endian = "little") { 0 } else { 4 };
    16 + 8 * index as u32 + low
}

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// Set in the numbers of the x32 interface, whose calls have a table of their own.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// ioctl(2) requests that type into a terminal as if a person had.
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541c;

/// fallocate(2) modes that take content away: punch a hole, collapse, zero.
const CONTENT_GOES: u32 = 0x02 | 0x08 | 0x10;

/// What happens at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Wait,
    Refuse(i32),
}

/// On what an act depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// One of these bits is set in an argument.
    Any(u8, u32),
    /// None of these bits is set in an argument.
    No(u8, u32),
    /// An argument has this value.
    Is(u8, u32),
}

/// One line of the table.
type Row = (c_long, When, Act);

/// Calls that start a program.
const STARTS: &[c_long] = &[libc::SYS_execve, libc::SYS_execveat];

/// What is trapped besides the programs that start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// Calls that take files or their content away wait, too.
    pub(super) files: bool,
    /// The supervisor: signals to it and looks into it are refused.
    pub(super) supervisor: i32,
}

/// Calls that take away a file or what it holds, and some that make one, for guard's own files. An empty directory holds nothing.
fn files() -> Vec<Row> {
    // Appending takes nothing away, but writes: guard's own files are looked after.
    let writing = u32::try_from(libc::O_TRUNC | libc::O_APPEND).unwrap_or(0);
    let directory = u32::try_from(libc::AT_REMOVEDIR).unwrap_or(0);
    let mut rows = vec![
        (libc::SYS_unlinkat, When::No(2, directory), Act::Wait),
        (libc::SYS_renameat2, When::Always, Act::Wait),
        (libc::SYS_truncate, When::Always, Act::Wait),
        (libc::SYS_ftruncate, When::Always, Act::Wait),
        (libc::SYS_openat, When::Any(2, writing), Act::Wait),
        // Its flags lie in memory.
        (libc::SYS_openat2, When::Always, Act::Wait),
        (libc::SYS_fallocate, When::Any(1, CONTENT_GOES), Act::Wait),
        (libc::SYS_linkat, When::Always, Act::Wait),
        (libc::SYS_symlinkat, When::Always, Act::Wait),
    ];
    #[cfg(target_arch = "x86_64")]
    rows.extend([
        (libc::SYS_unlink, When::Always, Act::Wait),
        (libc::SYS_link, When::Always, Act::Wait),
        (libc::SYS_symlink, When::Always, Act::Wait),
        (libc::SYS_rename, When::Always, Act::Wait),
        (libc::SYS_creat, When::Always, Act::Wait),
        (libc::SYS_open, When::Any(1, writing), Act::Wait),
    ]);
    rows.push((libc::SYS_renameat, When::Always, Act::Wait));
    rows
}

/// What would end, stop or read the supervisor, or answer in the place of a person. `kill(-1)`
/// would reach it, too.
fn protections(supervisor: i32) -> Vec<Row> {
    let refuse = Act::Refuse(libc::EPERM);
    let process = supervisor.cast_unsigned();
    let group = (-supervisor).cast_unsigned();
    let everybody = (-1_i32).cast_unsigned();
    let mut rows: Vec<Row> = [
        libc::SYS_tkill,
        libc::SYS_tgkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_pidfd_open,
        libc::SYS_prlimit64,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setaffinity,
    ]
    .map(|call| (call, When::Is(0, process), refuse))
    .to_vec();
    rows.extend([
        (libc::SYS_kill, When::Is(0, process), refuse),
        (libc::SYS_kill, When::Is(0, group), refuse),
        (libc::SYS_kill, When::Is(0, everybody), refuse),
        (libc::SYS_ptrace, When::Is(1, process), refuse),
        (libc::SYS_ioctl, When::Is(1, TIOCSTI), refuse),
        (libc::SYS_ioctl, When::Is(1, TIOCLINUX), refuse),
        // Its requests never pass a filter.
        (
            libc::SYS_io_uring_setup,
            When::Always,
            Act::Refuse(libc::ENOSYS),
        ),
    ]);
    rows
}

/// The whole program.
pub(super) fn program(scope: Scope) -> Vec<sock_filter> {
    let mut rows: Vec<Row> = STARTS
        .iter()
        .map(|&call| (call, When::Always, Act::Wait))
        .collect();
    if scope.files {
        rows.extend(files());
    }
    rows.extend(protections(scope.supervisor));

    let mut code = vec![
        load(ARCHITECTURE),
        jump(libc::BPF_JEQ, NATIVE, 1, 0),
        give(refusal(libc::ENOSYS)),
        load(NUMBER),
    ];
    #[cfg(target_arch = "x86_64")]
    code.extend([jump(libc::BPF_JGE, X32, 0, 1), give(refusal(libc::ENOSYS))]);
    for (call, when, act) in rows {
        let number = u32::try_from(call).unwrap_or(u32::MAX);
        let value = match act {
            Act::Wait => libc::SECCOMP_RET_USER_NOTIF,
            Act::Refuse(errno) => refusal(errno),
        };
        let (index, test) = match when {
            When::Always => {
                code.extend([jump(libc::BPF_JEQ, number, 0, 1), give(value)]);
                continue;
            }
            When::Any(index, bits) => (index, jump(libc::BPF_JSET, bits, 0, 1)),
            When::No(index, bits) => (index, jump(libc::BPF_JSET, bits, 1, 0)),
            When::Is(index, value) => (index, jump(libc::BPF_JEQ, value, 0, 1)),
        };
        // Afterwards the number is looked at again: another row may be about the same call.
        code.extend([
            jump(libc::BPF_JEQ, number, 0, 4),
            load(argument(index)),
            test,
            give(value),
            load(NUMBER),
        ]);
    }
    code.push(give(libc::SECCOMP_RET_ALLOW));
    code
}

fn refusal(errno: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | errno.cast_unsigned()
}

const fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter {
        code: (code & 0xffff) as u16,
        jt,
        jf,
        k,
    }
}

const fn load(offset: u32) -> sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0)
}

const fn jump(test: u32, value: u32, yes: u8, no: u8) -> sock_filter {
    instruction(libc::BPF_JMP | test | libc::BPF_K, value, yes, no)
}

const fn give(value: u32) -> sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, value, 0, 0)
}

/// Installs the program in this thread, for good and for all that it starts. Gives the
/// descriptor on which the calls that wait are announced.
#[allow(unsafe_code, reason = "seccomp(2) has no safe wrapper")]
pub(super) fn install(program: &[sock_filter]) -> io::Result<i32> {
    let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let whole = sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
        | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
        | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // SAFETY: the call reads the program, which lives until it returns, and changes nothing in
    // this process's memory.
    let listener = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const whole,
        )
    };
    match i32::try_from(listener) {
        Ok(listener) if listener >= 0 => Ok(listener),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the program answers, by its own instructions.
    fn answer(code: &[sock_filter], number: c_long, arguments: [u64; 6]) -> u32 {
        let mut at = 0;
        let mut value = 0_u32;
        loop {
            let one = &code[at];
            at += 1;
            let class = u32::from(one.code) & 7;
            if class == libc::BPF_RET {
                return one.k;
            }
            if class == libc::BPF_LD {
                value = match one.k {
                    NUMBER => u32::try_from(number).unwrap(),
                    ARCHITECTURE => NATIVE,
                    offset => {
                        let index = (offset - 16) / 8;
                        (arguments[index as usize] & 0xffff_ffff) as u32
                    }
                };
                continue;
            }
            let yes = match u32::from(one.code) & 0xf0 {
                libc::BPF_JEQ => value == one.k,
                libc::BPF_JGE => value >= one.k,
                libc::BPF_JSET => value & one.k != 0,
                other => panic!("{other}"),
            };
            at += usize::from(if yes { one.jt } else { one.jf });
        }
    }

    #[test]
    fn each_call_gets_its_answer() {
        let wait = libc::SECCOMP_RET_USER_NOTIF;
        let allow = libc::SECCOMP_RET_ALLOW;
        let no = refusal(libc::EPERM);
        let code = program(Scope {
            files: true,
            supervisor: 77,
        });
        let truncating = libc::O_TRUNC as u64;
        let cases: &[(c_long, [u64; 6], u32)] = &[
            (libc::SYS_execve, [0; 6], wait),
            (libc::SYS_execveat, [0; 6], wait),
            (libc::SYS_read, [0; 6], allow),
            (libc::SYS_openat, [0; 6], allow),
            (libc::SYS_openat, [0, 0, truncating, 0, 0, 0], wait),
            (libc::SYS_unlinkat, [0; 6], wait),
            (
                libc::SYS_unlinkat,
                [0, 0, libc::AT_REMOVEDIR as u64, 0, 0, 0],
                allow,
            ),
            (libc::SYS_renameat2, [0; 6], wait),
            (libc::SYS_fallocate, [0; 6], allow),
            (libc::SYS_fallocate, [0, 3, 0, 0, 0, 0], wait),
            (libc::SYS_kill, [77, 9, 0, 0, 0, 0], no),
            (
                libc::SYS_kill,
                [(-77_i64).cast_unsigned(), 9, 0, 0, 0, 0],
                no,
            ),
            (libc::SYS_kill, [u64::MAX, 9, 0, 0, 0, 0], no),
            (libc::SYS_kill, [78, 9, 0, 0, 0, 0], allow),
            (libc::SYS_kill, [0, 9, 0, 0, 0, 0], allow),
            (libc::SYS_ptrace, [16, 77, 0, 0, 0, 0], no),
            (libc::SYS_ptrace, [16, 78, 0, 0, 0, 0], allow),
            (libc::SYS_ioctl, [0, u64::from(TIOCSTI), 0, 0, 0, 0], no),
            (libc::SYS_ioctl, [0, 0x5401, 0, 0, 0, 0], allow),
            (libc::SYS_io_uring_setup, [0; 6], refusal(libc::ENOSYS)),
        ];
        for (number, arguments, expected) in cases {
            assert_eq!(
                answer(&code, *number, *arguments),
                *expected,
                "{number} {arguments:?}"
            );
        }
        let code = program(Scope {
            files: false,
            supervisor: 77,
        });
        assert_eq!(answer(&code, libc::SYS_unlinkat, [0; 6]), allow);
        assert_eq!(answer(&code, libc::SYS_execve, [0; 6]), wait);
    }
}
