use super::*;
use std::num::NonZeroUsize;

const MB: u64 = 1 << 20;

/// Of files hashed like SHA-256 on SHA-NI, the longest first.
fn load(files: &[u64]) -> Load {
    let left = files.iter().copied().map(u128::from).sum();
    let at = |i| files.get(i).copied().unwrap_or(0);
    let costs = [129.0, 138.0, 167.0, 203.0, 332.0].into();
    let (longest, second, streams) = (at(0), at(1), files.len());
    Load { streams, most: 4, left, longest, second, divisible: true, costs, here: true }
}

/// What the first of the threads is told.
fn told(state: &State, waiting: &[u64]) -> Option<&'static str> {
    let of = |files: Files, size: &u64| files.and(1, u128::from(*size), *size);
    let waiting = waiting.iter().fold(Files::default(), of);
    let live: usize = state.loads.iter().map(|load| load.streams).sum();
    let share = (waiting.count + live).div_ceil(state.loads.len());
    state.spare_longest(0, waiting, share).map(|take| match take {
        Take::GiveBack => "give back",
        Take::Nothing => "nothing",
        _ => "something else",
    })
}

fn state<const N: usize>(loads: [Load; N]) -> State {
    State { loads: loads.into(), ..State::default() }
}

#[test]
fn the_longest_file_has_no_company_that_others_can_have() {
    let small = || load(&[10 * MB; 4]);
    let long = || load(&[400 * MB]);
    let both = || load(&[400 * MB, 20 * MB, 20 * MB, 20 * MB]);
    assert_eq!(told(&state([long(), small()]), &[10 * MB; 10]), Some("nothing"));
    assert_eq!(told(&state([both(), small()]), &[10 * MB; 10]), Some("give back"));
    // It ends before the rest all the same.
    assert_eq!(told(&state([long(), small()]), &[10 * MB; 200]), None);
    assert_eq!(told(&state([small(), small()]), &[10 * MB; 10]), None);
    // Nobody else is there, or nobody who comes back.
    assert_eq!(told(&state([both()]), &[]), None);
    let away = || Load { here: false, ..load(&[]) };
    assert_eq!(told(&state([both(), away()]), &[10 * MB; 10]), None);
    assert_eq!(told(&state([load(&[]), load(&[])]), &[]), None);
    // One more costs nothing.
    let free = Load { costs: [129.0; 5].into(), ..long() };
    assert_eq!(told(&state([free, small()]), &[]), None);
    // A disk's head is not sent elsewhere.
    let far = Load { divisible: false, ..both() };
    assert_eq!(told(&state([far, small()]), &[10 * MB; 10]), Some("nothing"));
}

#[test]
fn files_that_are_as_long_are_hashed_together() {
    for waiting in 1..20 {
        let equal = vec![100 * MB; waiting];
        assert_eq!(told(&state([[100 * MB], [100 * MB]].map(|f| load(&f))), &equal), None);
    }
    // Of lengths that differ, one at least is not kept alone.
    let threads = [90 * MB, 100 * MB, 110 * MB];
    let alone = (0..3).filter(|first| {
        let loads = [0, 1, 2].map(|i| load(&[threads[(first + i) % 3]]));
        told(&state(loads), &[95 * MB]).is_some()
    });
    assert!(alone.count() < 3);
}

#[test]
fn what_is_more_than_the_share_goes_to_a_thread_that_sleeps() {
    let idle = |files: &[u64]| State { asleep: 1, ..state([load(files), load(&[])]) };
    assert_eq!(told(&idle(&[50 * MB; 4]), &[]), Some("give back"));
    assert_eq!(told(&idle(&[50 * MB]), &[]), Some("nothing"));
    let busy = state([load(&[50 * MB; 4]), load(&[50 * MB; 4])]);
    assert_eq!(told(&busy, &[]), Some("nothing"));
}

#[test]
fn a_thread_waits_for_what_may_be_given_back() {
    let two = Threads(NonZeroUsize::new(2));
    let (queue, idle) = (Queue::new(two), || load(&[]));
    let (a, b) = (queue.enter(), queue.enter());
    let file = tempfile::NamedTempFile::new().unwrap();
    let job = Job::new(file.path().into(), Access::Met, [].into());
    queue.opened(0, vec![Opened::new(0, job).unwrap()]);
    queue.close();
    let Take::Stream(stream) = queue.take(a, idle()) else { panic!("no stream") };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| queue.take(b, idle()));
        while queue.lock().asleep == 0 && !other.is_finished() {
            std::thread::yield_now();
        }
        queue.give_back(vec![stream]);
        assert!(matches!(other.join().unwrap(), Take::Stream(_)));
    });
    queue.finished(false);
    assert!(matches!(queue.take(a, idle()), Take::End));
}

#[test]
fn what_is_left_at_the_end_is_divided_among_all_threads() {
    let threads = |count| Threads(NonZeroUsize::new(count));
    let at_the_end = |live, files: &[u64]| State { closed: true, live, ..state([load(files)]) };
    let given = |count, state: State| state.idle(threads(count), 0).map_or(1, Threads::get);
    for (count, live, each) in [(1, 1, 1), (2, 1, 2), (2, 2, 1), (3, 2, 2), (8, 1, 8), (8, 3, 3)] {
        assert_eq!(given(count, at_the_end(live, &[50 * MB])), each);
    }
    // Not with company, not for a moment, and not while there is something else to come.
    for files in [&[50 * MB; 2][..], &[], &[MB]] {
        assert_eq!(given(8, at_the_end(files.len(), files)), 1);
    }
    let job = || VecDeque::from([(0, Job::new("/".into(), Access::Met, [].into()))]);
    let last = || at_the_end(1, &[50 * MB]);
    assert_eq!(given(8, State { closed: false, ..last() }), 1);
    assert_eq!(given(8, State { opening: 1, ..last() }), 1);
    assert_eq!(given(8, State { jobs: job(), ..last() }), 1);
    assert_eq!(given(8, State { slow: job(), ..last() }), 1);
}

#[test]
fn a_thread_with_a_fifo_is_not_counted_on() {
    let queue = Queue::new(Threads::ONE);
    let thread = queue.enter();
    queue.push(0, Job::new("/".into(), Access::Slow, [].into()));
    assert!(matches!(queue.take(thread, Load::default()), Take::Alone(0, _)));
    assert!(!queue.lock().loads[thread].here);
    queue.close();
    assert!(matches!(queue.take(thread, Load::default()), Take::End));
    assert!(!queue.lock().loads[thread].here);
}

/// As sparse files say them.
#[test]
fn no_lengths_are_too_much() {
    let huge = || load(&[u64::MAX; 4]);
    assert_eq!(told(&state([huge(), huge(), huge()]), &[u64::MAX; 4]), None);
}

#[test]
fn more_threads_read_over_a_network_unless_the_user_says() {
    for (threads, most) in [(None, REMOTE), (NonZeroUsize::new(2), 2)] {
        let queue = Queue::new(Threads(threads));
        queue.push(0, Job::new("/proc/self/stat".into(), Access::Met, [].into()));
        assert_eq!(queue.most(), Threads(threads).get());
        queue.remote.store(true, Relaxed);
        assert!(queue.most() >= most && (threads.is_none() || queue.most() == most));
    }
}

#[test]
fn somebody_always_opens_what_is_not_open_yet() {
    let job = || Job::new("/".into(), Access::Met, [].into());
    for sizes in [[10, 10, 10], [10, 20, 10], [30, 20, 10], [0, 0, 0]] {
        let files = |size| if size > 0 { vec![size * MB] } else { Vec::new() };
        let loads = sizes.map(|size| load(&files(size)));
        let state = State { jobs: VecDeque::from([(0, job())]), ..state(loads) };
        let told = |thread: &usize| state.spare_longest(*thread, Files::default(), 1);
        assert!((0..3).filter(|thread| told(thread).is_none()).count() >= 2);
    }
}
