//! Secrets never show in `Debug` and errors, and leave no copy on the heap.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;

use hsum::sign::{KeyFormat, RequestSigner, Scheme, SecretKey, Sigv4, Verifier};
use zeroize::Zeroize;

use crate::round_trip::{NOW, all, options};
use crate::support::*;

#[test]
fn debug_and_errors_show_nothing() {
    let key = "hunter2-hunter2-hunter2-hunter2-";
    let mut texts = vec![format!("{:?}", SecretKey::from_text(key).unwrap())];
    for (scheme, request) in all() {
        let signer = RequestSigner::new(scheme.clone(), vec![secret(key.as_bytes())]).unwrap();
        let verifier = Verifier::new(scheme.clone(), vec![secret(key.as_bytes())]).unwrap();
        let verifier = verifier.clock(|| NOW);
        texts.push(format!("{signer:?} {verifier:?}"));
        let signed = request.message(|message| {
            let signing = signer.begin(message, &options()).unwrap();
            texts.push(format!("{signing:?}"));
            signing.finish()
        });
        texts.push(format!("{signed:?}"));
        let mac = signed.value().to_owned();
        let sent = request.signed(&signed);
        sent.message(|message| {
            let verifying = verifier.begin(message).unwrap();
            texts.push(format!("{verifying:?}"));
            texts.push(format!("{:?}", verifying.finish().unwrap()));
        });
        // No error contains the MAC that would have matched.
        let forged = Request { body: b"forged".to_vec(), ..sent.clone() };
        let right = Request { body: b"forged".to_vec(), ..request.clone() };
        let right = right.sign(&scheme, key.as_bytes(), &options()).value().to_owned();
        if let Err(error) = forged.verify(&scheme, key.as_bytes(), NOW) {
            texts.push(format!("{error:?} {error}"));
        }
        for text in &texts {
            assert!(!text.contains("hunter2") && !text.contains("68756e74"), "{text}");
            assert!(!text.contains(&mac) && !text.contains(&right), "{text}");
        }
    }
    for result in [
        SecretKey::parse(KeyFormat::Hex, key),
        SecretKey::parse(KeyFormat::Base64, key),
        SecretKey::parse(KeyFormat::Base64Url, key),
        SecretKey::from_whsec(key),
        SecretKey::from_text(format!("{key}\n{key}")),
    ] {
        let error = result.map(|key| key.len());
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let token = Sigv4::new("r", "s", "id").session_token("hunter2");
    assert!(!format!("{:?}", Scheme::Sigv4(token)).contains("hunter2"));
}

/// Returns 32 bytes that occur nowhere in the program, masked.
fn masked_needle() -> [u8; 32] {
    let mut state = u64::from(std::process::id()) | 0x9e37_79b9_0000_0000;
    std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state as u8 & 0x3f) + 0x30
    })
}

const MASK: u8 = 0x80;

/// Counts the occurrences of the bytes in the writable memory of this process, without this thread's
/// stack.
fn occurrences(masked: &[u8; 32]) -> usize {
    let here = std::ptr::from_ref(&masked).addr();
    let maps = std::fs::read_to_string("/proc/self/maps").expect("a map of the memory");
    let mut memory = File::open("/proc/self/mem").expect("the memory");
    let mut window = vec![0_u8; 1 << 16];
    let mut count = 0;
    for line in maps.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (range, rights) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        let Some((start, end)) = range.split_once('-') else { continue };
        let number = |text: &str| u64::from_str_radix(text, 16).expect("hexadecimal");
        let (start, end) = (number(start), number(end));
        let is_stack = (start..end).contains(&(here as u64)) || line.ends_with("[stack]");
        if !rights.starts_with("rw") || is_stack {
            continue;
        }
        let mut at = start;
        while at < end {
            let length = window.len().min((end - at) as usize);
            if memory.seek(SeekFrom::Start(at)).is_err()
                || memory.read_exact(&mut window[..length]).is_err()
            {
                break;
            }
            // The scan also reads this window, which is zero then.
            let fits = |w: &[u8]| w.iter().zip(masked).all(|(a, b)| *a == (*b ^ MASK));
            count += window[..length].windows(32).filter(|w| fits(w)).count();
            window.fill(0);
            at += length.saturating_sub(31).max(1) as u64;
            if length < window.len() {
                break;
            }
        }
    }
    count
}

/// Runs in a process of its own, without the memory of other tests.
#[test]
#[ignore = "the child of the next test"]
fn child_that_drops_its_keys() {
    let masked = masked_needle().map(|byte| byte ^ MASK);
    let mut needle: Vec<u8> = masked.iter().map(|byte| byte ^ MASK).collect();
    assert!(occurrences(&masked) > 0, "the scan finds what is there");
    for (scheme, request) in all() {
        let request = Request { body: b"body".to_vec(), ..request };
        let signer =
            RequestSigner::new(scheme.clone(), vec![SecretKey::from_text(&needle).unwrap()])
                .unwrap();
        let signed = request.message(|m| signer.sign(m, &options(), b"body")).unwrap();
        let sent = request.signed(&signed);
        let verifier = Verifier::new(scheme, vec![SecretKey::from_text(&needle).unwrap()]).unwrap();
        let verifier = verifier.clock(|| NOW);
        sent.message(|m| verifier.verify(m, b"body")).unwrap();
        sent.message(|m| verifier.verify_many(&[(*m, b"body")]).remove(0)).unwrap();
    }
    let mut hex = hex::encode(&needle);
    drop(SecretKey::parse(KeyFormat::Hex, &hex).unwrap());
    let mut doubtful = [&needle[..], b"\n"].concat();
    assert!(SecretKey::from_text(&doubtful).is_err());
    needle.zeroize();
    doubtful.zeroize();
    hex.zeroize();
    assert_eq!(occurrences(&masked), 0, "a copy of the key stays on the heap");
    println!("scanned and clean");
}

#[test]
fn the_heap_is_clean_after_drop() {
    if !std::path::Path::new("/proc/self/mem").exists() {
        eprintln!("skipped: no /proc/self/mem");
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let args = ["--exact", "secrets::child_that_drops_its_keys", "--ignored", "--nocapture"];
    let output = Command::new(program).args(args).output().expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("scanned and clean"), "{text}{errors}");
}
