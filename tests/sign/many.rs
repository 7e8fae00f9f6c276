//! Verifying many requests at once.

use hsum::sign::{Message, RequestSigner, Verifier};

use crate::round_trip::{NOW, all, options};
use crate::support::*;

#[test]
fn verdicts_are_the_same_as_one_by_one() {
    for (scheme, request) in all() {
        let keys = || vec![secret(b"first key"), secret(b"second key")];
        let verifier = Verifier::new(scheme.clone(), keys()).unwrap().clock(|| NOW);
        let mut requests = Vec::new();
        for i in 0..600_usize {
            let mut request = request.clone();
            request.body = (0..i % 300).map(|j| (i * 7 + j) as u8).collect();
            let key: &[u8] = [&b"first key"[..], b"second key", b"third key"][i % 3];
            let time = NOW - 301 + (i as u64 % 602);
            let options = options().timestamp(time);
            let mut request = request.signed(&request.sign(&scheme, key, &options));
            if i % 11 == 0 {
                request.body.push(b'!');
            }
            if i % 13 == 0 {
                request.headers.pop();
            }
            requests.push(request);
        }
        let params: Vec<Vec<(&str, &str)>> = requests
            .iter()
            .map(|r| r.params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect())
            .collect();
        let messages: Vec<(Message<'_>, &[u8])> = requests
            .iter()
            .zip(&params)
            .map(|(r, params)| {
                let message = Message::new(&r.headers).method(&r.method).url(&r.url);
                (message.params(params), &r.body[..])
            })
            .collect();
        let many = verifier.verify_many(&messages);
        let (mut good, mut bad) = (0, 0);
        for ((message, body), many) in messages.iter().zip(many) {
            match (verifier.verify(message, body), many) {
                (Ok(one), Ok(many)) => {
                    good += 1;
                    assert_eq!(one.replay_key(), many.replay_key());
                    assert_eq!((one.key_index(), one.id()), (many.key_index(), many.id()));
                    assert_eq!(one.timestamp(), many.timestamp());
                    assert_eq!(one.coverage(), many.coverage());
                }
                (Err(one), Err(many)) => {
                    bad += 1;
                    assert_eq!(one, many);
                }
                (one, many) => panic!("{scheme:?}: {one:?}, but {many:?}"),
            }
        }
        assert!(good > 0 && bad > 0, "{scheme:?}: {good} good, {bad} bad");
    }
}

#[test]
fn several_keys_sign_in_schemes_with_signature_lists() {
    for (scheme, request) in all() {
        let keys = vec![secret(b"new key"), secret(b"old key")];
        let several = scheme.has_signature_list();
        let signer = RequestSigner::new(scheme.clone(), keys);
        assert_eq!(signer.is_ok(), several, "{scheme:?}");
        let Ok(signer) = signer else { continue };
        let signed = request.message(|m| signer.sign(m, &options(), b"body")).unwrap();
        let sent = Request { body: b"body".to_vec(), ..request.signed(&signed) };
        let new = sent.verify(&scheme, b"new key", NOW).unwrap();
        sent.verify(&scheme, b"old key", NOW).unwrap();
        assert_eq!(sent.verify(&scheme, b"key", NOW).unwrap_err().reason(), "mismatch");
        // Removing one of the signatures does not change the replay key.
        let (first, _) = signed.value().split_at(signed.value().len());
        let stripped = replaced(&sent, first, &"A".repeat(first.len()));
        let keys = vec![secret(b"new key"), secret(b"old key")];
        let verifier = Verifier::new(scheme, keys).unwrap().clock(|| NOW);
        let verified = stripped.message(|m| verifier.verify(m, &stripped.body)).unwrap();
        assert_eq!(verified.key_index(), 1);
        assert_eq!(verified.replay_key(), new.replay_key());
    }
}
