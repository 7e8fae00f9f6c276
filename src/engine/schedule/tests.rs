use super::*;

const MB: u64 = 1 << 20;

/// Returns the load of files hashed like SHA-256 on SHA-NI, given the longest first.
fn load(files: &[u64]) -> Load {
    let size = |i| files.get(i).copied().unwrap_or(0);
    Load {
        streams: files.len(),
        max_streams: 4,
        bytes: files.iter().copied().map(u128::from).sum(),
        longest: size(0),
        second_longest: size(1),
        is_movable: true,
        costs: [129.0, 138.0, 167.0, 203.0, 332.0].into(),
        is_available: true,
    }
}

/// Returns the view of the first thread, with these large files waiting.
fn view<'s>(loads: &'s [Load], waiting: &[u64]) -> View<'s> {
    let add = |files: Files, size: &u64| files.and(1, u128::from(*size), *size);
    View {
        thread: 0,
        loads,
        hashing_threads: loads.len(),
        threads: loads.len(),
        jobs: 0,
        opening: 0,
        blocking: 0,
        waiting: waiting.iter().fold(Files::default(), add),
        startable: waiting.len(),
        live: loads.iter().map(|load| load.streams).sum(),
        max_open: 1000,
        asleep: 0,
        is_closed: false,
    }
}

fn favored(loads: &[Load], waiting: &[u64]) -> Option<Decision> {
    let view = view(loads, waiting);
    favor_longest(&view, (view.startable + view.live).div_ceil(view.threads))
}

#[test]
fn each_state_has_its_decision() {
    use Decision::*;
    let idle = [load(&[]), load(&[])];
    let small = [load(&[MB]), load(&[])];
    let full = [load(&[MB; 4]), load(&[])];
    let base = |loads| View { is_closed: true, ..view(loads, &[]) };
    let many = [MB; 600];
    let cases = [
        ("there is no more work", End, base(&idle)),
        ("more jobs may come", Sleep, View { is_closed: false, ..base(&idle) }),
        ("jobs being opened may be large", Sleep, View { opening: 1, ..base(&idle) }),
        ("a file may be given back", Sleep, View { live: 1, ..base(&idle) }),
        ("few jobs are shared", Open(2), View { jobs: 3, ..base(&idle) }),
        ("many jobs are taken in batches", Open(64), View { jobs: 1000, ..base(&idle) }),
        ("descriptors are scarce", Open(3), View { jobs: 1000, max_open: 3, ..base(&idle) }),
        ("one file is always opened", Open(1), View { jobs: 1000, max_open: 0, ..base(&idle) }),
        ("all descriptors are used", Sleep, View { jobs: 9, live: 3, max_open: 3, ..base(&idle) }),
        ("large files precede unopened ones", Start, View { jobs: 9, ..view(&idle, &[MB]) }),
        ("rotating disks are in use", Sleep, View { startable: 0, ..view(&idle, &[MB]) }),
        ("the thread has its share", Continue, view(&full, &[MB])),
        ("enough files wait", Continue, View { jobs: 9, startable: 0, ..view(&small, &many) }),
        ("files may block", TakeBlocking, View { blocking: 1, ..base(&idle) }),
        ("a thread with files does not block", Continue, View { blocking: 1, ..base(&small) }),
        ("files are left", Continue, base(&small)),
    ];
    for (case, decision, view) in cases {
        assert_eq!(decide(&view), decision, "{case}");
    }
}

#[test]
fn the_longest_file_does_not_share_its_thread_if_others_are_faster() {
    use Decision::{Continue, GiveBack};
    let small = || load(&[10 * MB; 4]);
    let long = || load(&[400 * MB]);
    let shared = || load(&[400 * MB, 20 * MB, 20 * MB, 20 * MB]);
    assert_eq!(favored(&[long(), small()], &[10 * MB; 10]), Some(Continue));
    assert_eq!(favored(&[shared(), small()], &[10 * MB; 10]), Some(GiveBack));
    // It finishes before the rest in any case.
    assert_eq!(favored(&[long(), small()], &[10 * MB; 200]), None);
    assert_eq!(favored(&[small(), small()], &[10 * MB; 10]), None);
    // There are no other threads, or none that will ask for more.
    assert_eq!(favored(&[shared()], &[]), None);
    let unavailable = || Load { is_available: false, ..load(&[]) };
    assert_eq!(favored(&[shared(), unavailable()], &[10 * MB; 10]), None);
    assert_eq!(favored(&[load(&[]), load(&[])], &[]), None);
    // One more file costs nothing.
    let free = Load { costs: [129.0; 5].into(), ..long() };
    assert_eq!(favored(&[free, small()], &[]), None);
    // Files on a rotating disk stay where they are.
    let rotating = Load { is_movable: false, ..shared() };
    assert_eq!(favored(&[rotating, small()], &[10 * MB; 10]), Some(Continue));
}

#[test]
fn files_of_equal_length_are_hashed_together() {
    for waiting in 1..20 {
        let equal = vec![100 * MB; waiting];
        assert_eq!(favored(&[load(&[100 * MB]), load(&[100 * MB])], &equal), None);
    }
    // If lengths differ, at least one of the threads takes the waiting file.
    let sizes = [90 * MB, 100 * MB, 110 * MB];
    let refusing = (0..3).filter(|first| {
        let loads = [0, 1, 2].map(|i| load(&[sizes[(first + i) % 3]]));
        favored(&loads, &[95 * MB]).is_some()
    });
    assert!(refusing.count() < 3);
}

#[test]
fn files_beyond_the_share_go_to_sleeping_threads() {
    let decision = |loads: &[Load], asleep| {
        let view = View { asleep, ..view(loads, &[]) };
        favor_longest(&view, view.live.div_ceil(view.threads))
    };
    let (four, one) = (load(&[50 * MB; 4]), load(&[50 * MB]));
    assert_eq!(decision(&[four.clone(), load(&[])], 1), Some(Decision::GiveBack));
    assert_eq!(decision(&[one, load(&[])], 1), Some(Decision::Continue));
    assert_eq!(decision(&[four.clone(), four], 0), Some(Decision::Continue));
}

#[test]
fn the_last_files_are_divided_among_all_threads() {
    let one = [load(&[50 * MB])];
    let last =
        |hashing_threads, live| View { hashing_threads, live, is_closed: true, ..view(&one, &[]) };
    for (threads, live, each) in [(1, 1, 1), (2, 1, 2), (2, 2, 1), (3, 2, 2), (8, 1, 8), (8, 3, 3)]
    {
        let divided = threads_for_rest(&last(threads, live));
        assert_eq!(divided.map_or(1, NonZeroUsize::get), each);
    }
    // Several files, short files and files with others to come are not divided.
    for files in [&[50 * MB; 2][..], &[], &[MB]] {
        assert_eq!(threads_for_rest(&View { loads: &[load(files)], ..last(8, 1) }), None);
    }
    for view in [
        View { is_closed: false, ..last(8, 1) },
        View { opening: 1, ..last(8, 1) },
        View { jobs: 1, ..last(8, 1) },
        View { blocking: 1, ..last(8, 1) },
    ] {
        assert_eq!(threads_for_rest(&view), None);
    }
}

/// Checks sizes that sparse files may have.
#[test]
fn sizes_do_not_overflow() {
    let huge = load(&[u64::MAX; 4]);
    assert_eq!(favored(&[huge.clone(), huge.clone(), huge], &[u64::MAX; 4]), None);
}

#[test]
fn at_most_one_thread_waits_for_others_to_open_jobs() {
    for sizes in [[10, 10, 10], [10, 20, 10], [30, 20, 10], [0, 0, 0]] {
        let loads = sizes.map(|size| match size {
            0 => load(&[]),
            size => load(&[size * MB]),
        });
        let waits = |thread: &usize| {
            let view = View { thread: *thread, jobs: 1, ..view(&loads, &[]) };
            favor_longest(&view, 1).is_some()
        };
        assert!((0..3).filter(waits).count() <= 1);
    }
}
