//! Verifying any request returns a verdict, and signed requests are verified, in every scheme.
#![no_main]

use arbitrary::Arbitrary;
use hsum::sign::{
    Jws, JwsAlgorithm, MacEncoding, Message, RequestSigner, Rfc9421, Scheme, SchemeInfo, SecretKey,
    SignOptions, Sigv4, Template, Verifier,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    scheme: u8,
    key: &'a [u8],
    method: &'a str,
    url: &'a str,
    /// Values of the scheme's own headers in a forged request.
    values: [&'a [u8]; 3],
    more: Vec<(&'a str, &'a [u8])>,
    params: Vec<(&'a str, &'a str)>,
    content: &'a str,
    line: &'a str,
    body: &'a [u8],
    timestamp: u64,
    now: u64,
    id: &'a str,
}

fn scheme(input: &Input<'_>) -> (Scheme, [&'static str; 3]) {
    let info = &SchemeInfo::ALL[usize::from(input.scheme) % SchemeInfo::ALL.len()];
    let name =
        |i: usize| info.headers.get(i).and_then(|line| line.split(':').next()).unwrap_or("x");
    let names = [name(0), name(1), name(2)];
    let sigv4 = || Sigv4::new("r", "s", "AKID");
    let scheme = match info.name {
        "raw" => Scheme::Template(Template::raw("X", input.line).encoding(MacEncoding::Base64)),
        "template" => Scheme::Template(Template::new(input.content, [input.line])),
        "jws" if input.scheme >= 128 => {
            Scheme::Jws(Jws::detached(JwsAlgorithm::Hs512, "Authorization"))
        }
        "jws" => Scheme::Jws(Jws::new(JwsAlgorithm::Hs256)),
        "sigv4" if input.scheme >= 192 => Scheme::Sigv4(Sigv4::new("r", "s3", "AKID")),
        "sigv4" if input.scheme >= 128 => Scheme::Sigv4(sigv4().presign(60)),
        "sigv4" => Scheme::Sigv4(sigv4()),
        "rfc9421" if input.scheme >= 128 => {
            Scheme::Rfc9421(Rfc9421::default().cover([input.content]))
        }
        "rfc9421" => Scheme::Rfc9421(Rfc9421::default()),
        name => Scheme::from_name(name).expect("a scheme"),
    };
    (scheme, names)
}

fuzz_target!(|input: Input<'_>| {
    let Ok(key) = SecretKey::from_bytes(input.key) else { return };
    let (scheme, names) = scheme(&input);
    let Ok(verifier) = Verifier::new(scheme.clone(), vec![key]) else { return };
    let now = input.now;
    let verifier = verifier.clock(move || now);
    let mut forged: Vec<(&str, &[u8])> = names.into_iter().zip(input.values).collect();
    forged.extend(&input.more);
    let message = Message::new(&forged).method(input.method).url(input.url).params(&input.params);
    let one = verifier.verify(&message, input.body);
    let many = verifier.verify_many(&[(message, input.body)]).remove(0);
    assert_eq!(one.map(|v| v.replay_key()), many.map(|v| v.replay_key()));

    let key = SecretKey::from_bytes(input.key).expect("decoded above");
    let signer = RequestSigner::new(scheme, vec![key]).expect("valid for the verifier");
    let options = SignOptions::new().timestamp(input.timestamp).id(input.id).nonce("n");
    let message =
        Message::new(&input.more).method(input.method).url(input.url).params(&input.params);
    let Ok(signed) = signer.sign(&message, &options, input.body) else { return };
    let mut headers: Vec<(String, Vec<u8>)> =
        input.more.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect();
    for (name, value) in signed.headers() {
        headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        headers.push((name.clone(), value.clone().into_bytes()));
    }
    let mut params = input.params.clone();
    for (name, value) in signed.params() {
        params.retain(|(other, _)| other != name);
        params.push((name, value));
    }
    let url = signed.url().unwrap_or(input.url);
    let message = Message::new(&headers).method(input.method).url(url).params(&params);
    let verdict = verifier.ignore_time().verify(&message, input.body);
    if let Err(error) = verdict {
        // The rest of the request may be refused, but the MAC matches.
        assert_ne!(error.reason(), "mismatch", "{signed:?}");
    }
});
