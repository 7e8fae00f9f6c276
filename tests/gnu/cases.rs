//! Generated command lines, operands and checksum files.

use hsum::{Algorithm, HashFunction};

use super::scratch::TOOLS;

/// xorshift64*: the same cases for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = dice.roll(2));
        dice
    }

    /// Returns a number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    /// Returns `true` once in `sides` calls on average.
    pub(crate) fn once_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.roll(all.len())]
    }
}

/// A call of a tool.
pub(crate) struct Case {
    pub(crate) tool: &'static str,
    pub(crate) words: Vec<Vec<u8>>,
    pub(crate) stdin: Vec<u8>,
    /// The checksum files, named `l0`, `l1` ….
    pub(crate) lists: Vec<Vec<u8>>,
    pub(crate) posix: bool,
    pub(crate) utf8: bool,
    /// Set if both output streams share a pipe.
    pub(crate) merged: bool,
}

/// The files with their contents.
pub(crate) type Files = [(Vec<u8>, Vec<u8>)];

/// Returns a file name with bytes that some program treats specially.
pub(crate) fn name(dice: &mut Dice) -> Vec<u8> {
    const ODD: [&[u8]; 34] = [
        b" ",
        b"  ",
        b"\t",
        b"\n",
        b"\r",
        b"\\",
        b"\\n",
        b"\\\\",
        b"(",
        b")",
        b" = ",
        b"=",
        b"*",
        b"#",
        b"~",
        b"-",
        b"--",
        b"'",
        b"\"",
        b"$",
        b"`",
        b":",
        b": OK",
        b"{",
        b"}",
        b"?",
        b"\xff",
        b"\x1b",
        b"\x7f",
        b"MD5 (",
        "é".as_bytes(),
        "日".as_bytes(),
        b"\xc3",
        b"%s",
    ];
    let mut name = Vec::new();
    for _ in 0..1 + dice.roll(4) {
        match dice.roll(2) {
            0 => name.push(b'a' + dice.roll(4) as u8),
            _ => name.extend_from_slice(dice.of(&ODD)),
        }
    }
    // GNU misquotes such a name if its last byte is not printable (Q4).
    if name.contains(&b'\'') || matches!(&*name, b"." | b"..") {
        name.push(b'x');
    }
    name
}

const DIGESTING: &[&str] =
    &["-b", "-t", "-z", "--binary", "--text", "--zero", "--bin", "--tex", "--zer", "-bz", "-tz"];
const TAGGING: &[&str] = &["--tag", "--tag", "--ta"];
const VERIFYING: &[&str] = &[
    "--status",
    "--quiet",
    "--warn",
    "-w",
    "-w",
    "--strict",
    "--ignore-missing",
    "--ign",
    "--qui",
    "--stat",
    "--stri",
    "-ww",
];
const MISTAKES: &[&str] = &[
    "-Q",
    "--foo",
    "--st",
    "--status=1",
    "--check=x",
    "-zQ",
    "--=",
    "--s",
    "--foo=b ar",
    "-cx",
    "--stx=1",
    "--no",
    "-\\",
    "--tag=",
];

fn words(text: &str) -> Vec<Vec<u8>> {
    text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

fn operand(dice: &mut Dice, files: &Files) -> Vec<u8> {
    match dice.roll(16) {
        0 => b"-".to_vec(),
        1 => b"dir".to_vec(),
        2 => b"nope".to_vec(),
        3 => name(dice),
        4 => dice.of(&[&b"loop"[..], b"dangling", b"dir/", b"a/b", b"", b"./dir/../a"]).to_vec(),
        _ => files[dice.roll(files.len())].0.clone(),
    }
}

fn options(dice: &mut Dice, tool: &str, check: bool) -> Vec<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut add = |text: &str| all.push(words(text));
    if check {
        add(dice.of(&["-c", "--check", "--chec", "-c"]));
    }
    for _ in 0..dice.roll(4) {
        match (tool, dice.roll(12)) {
            (_, 0) if dice.once_in(4) => add(dice.of(MISTAKES)),
            ("sum", _) => add(dice.of(&["-r", "-s", "--sysv", "--sy", "-rs", "-sr"])),
            (_, 1..5) if check => add(dice.of(VERIFYING)),
            (_, 1) => add(dice.of(VERIFYING)),
            ("cksum", 5) => add(dice.of(&["--untagged", "-z", "--zero", "--tag", "--unt"])),
            ("cksum", _) => {}
            (_, 5) if check && dice.once_in(3) => add(dice.of(TAGGING)),
            (_, 5..7) if check && dice.once_in(3) => add(dice.of(DIGESTING)),
            (_, 5..8) if !check => add(dice.of(DIGESTING)),
            (_, 8) if !check => add(dice.of(TAGGING)),
            _ => {}
        }
    }
    match tool {
        "b2sum" if dice.once_in(3) => {
            add(dice.of(&[
                "-l 8",
                "-l16",
                "--length=128",
                "--len 256",
                "-l 512",
                "-l 0",
                "-l +64",
            ]));
            if dice.once_in(4) {
                add(dice.of(&["-l 12", "-l 520", "-l513", "--length=1"]));
            }
        }
        "cksum" => {
            if dice.roll(4) > 0 {
                add(dice.of(&[
                    "-a md5",
                    "-asha1",
                    "--algorithm=sha224",
                    "--alg sha256",
                    "-a sha384",
                    "-a sha512",
                    "-a blake2b",
                    "-a sm3",
                    "-a md5",
                    "-a sha1",
                ]));
            } else if !check || dice.once_in(3) {
                add(dice.of(&["-a crc", "-a bsd", "-a sysv", "-a crc"]));
            }
            if dice.once_in(8) {
                add(dice.of(&["-l 8", "-l16", "--length=128", "-l 0", "-l 12", "-l 600"]));
            }
        }
        _ => {}
    }
    all
}

/// Returns a call that prints digests.
fn printing(dice: &mut Dice, files: &Files) -> Case {
    let tool = dice.of(&TOOLS);
    let mut parts = options(dice, tool, false);
    for _ in 0..[0, 1, 1, 2, 3, 5][dice.roll(6)] {
        parts.push(vec![operand(dice, files)]);
    }
    case(dice, tool, parts, Vec::new())
}

fn case(
    dice: &mut Dice,
    tool: &'static str,
    mut parts: Vec<Vec<Vec<u8>>>,
    lists: Vec<Vec<u8>>,
) -> Case {
    for i in (1..parts.len()).rev() {
        parts.swap(i, dice.roll(i + 1));
    }
    if dice.once_in(10) {
        parts.insert(dice.roll(parts.len() + 1), vec![b"--".to_vec()]);
    }
    let stdin = match lists.last() {
        Some(list) => list.clone(),
        None => b"input\n".repeat(dice.roll(3)),
    };
    Case {
        tool,
        words: parts.concat(),
        stdin,
        lists,
        posix: dice.once_in(8),
        utf8: dice.once_in(6),
        merged: dice.once_in(3),
    }
}

/// Returns a call that verifies checksum files.
fn verifying(dice: &mut Dice, files: &Files) -> Case {
    let tool = dice.of(&TOOLS[..8]);
    let mut parts = options(dice, tool, true);
    let algorithm = parts.iter().rev().flatten().find_map(|word| {
        let word = String::from_utf8_lossy(word);
        let word = word.trim_start_matches("-a").trim_start_matches("--algorithm=");
        word.parse::<HashFunction>().ok().map(HashFunction::algorithm)
    });
    let count = [1, 1, 1, 2, 3][dice.roll(5)];
    let lists: Vec<Vec<u8>> = (0..count)
        .map(|_| list(dice, files, tool, algorithm.filter(|_| tool == "cksum")))
        .collect();
    match dice.roll(8) {
        0 => {}
        1 => parts.push(words("-")),
        _ => parts.extend((0..count).map(|i| words(&format!("l{i}")))),
    }
    if dice.once_in(12) {
        parts.push(vec![dice.of(&[&b"dir"[..], b"nope", b"no:pe", b"loop"]).to_vec()]);
    }
    case(dice, tool, parts, lists)
}

const FAMILY: [(&str, Algorithm); 9] = [
    ("md5sum", Algorithm::Md5),
    ("sha1sum", Algorithm::Sha1),
    ("sha224sum", Algorithm::Sha224),
    ("sha256sum", Algorithm::Sha256),
    ("sha384sum", Algorithm::Sha384),
    ("sha512sum", Algorithm::Sha512),
    ("b2sum", Algorithm::Blake2b),
    ("sm3", Algorithm::Sm3),
    ("md5", Algorithm::Md5),
];

fn list(dice: &mut Dice, files: &Files, tool: &str, chosen: Option<Algorithm>) -> Vec<u8> {
    let own = FAMILY.iter().find(|(name, _)| *name == tool).map(|(_, algorithm)| *algorithm);
    // In some checksum files nearly every line has the same format.
    let steady = dice.roll(16);
    let mut list = Vec::new();
    for _ in 0..dice.roll(9) {
        let other = FAMILY[dice.roll(FAMILY.len())].1;
        let algorithm = match own.or(chosen) {
            Some(algorithm) if !dice.once_in(12) => algorithm,
            _ => other,
        };
        let shape = if dice.once_in(3) { dice.roll(16) } else { steady };
        line(dice, &mut list, files, tool, algorithm, shape);
        list.push(b'\n');
    }
    if dice.once_in(5) {
        list.pop();
    }
    list
}

fn line(
    dice: &mut Dice,
    list: &mut Vec<u8>,
    files: &Files,
    tool: &str,
    algorithm: Algorithm,
    shape: usize,
) {
    let file = operand(dice, files);
    let contents = files.iter().find(|(name, _)| *name == file);
    let contents = contents.map_or(&b""[..], |(_, contents)| contents);
    let sizes: &[usize] = if algorithm == Algorithm::Blake2b { &[64, 64, 16, 32, 1] } else { &[0] };
    let function = HashFunction::new(algorithm, sizes[dice.roll(sizes.len())]);
    let function = function.unwrap_or(algorithm.into());
    let mut hex = hsum::digest(function, contents).to_hex();
    let mut tag = function.tag().to_string();
    match dice.roll(24) {
        0 => hex = hex.to_uppercase(),
        1 => hex.replace_range(..1, if hex.starts_with('0') { "1" } else { "0" }),
        2 => drop(hex.pop()),
        3 => hex.push('0'),
        // Since 9.2 cksum also accepts base64, whose digits include g.
        4 => hex.replace_range(..1, if tool == "cksum" { "!" } else { "g" }),
        5 => hex.clear(),
        6 if algorithm == Algorithm::Blake2b => {
            let bits =
                dice.of(&["-0x80", "- 128", "-+128", "-0", "-", "-12", "-0200", "-128x", "--8"]);
            tag = format!("BLAKE2b{bits}");
        }
        7 => tag.make_ascii_lowercase(),
        _ => {}
    }
    let mut escaped = Vec::new();
    for byte in &file {
        match byte {
            b'\n' => escaped.extend_from_slice(b"\\n"),
            b'\r' => escaped.extend_from_slice(b"\\r"),
            b'\\' => escaped.extend_from_slice(b"\\\\"),
            _ => escaped.push(*byte),
        }
    }
    let (mut mark, mut name) = if escaped == file { ("", file) } else { ("\\", escaped) };
    match dice.roll(30) {
        0 => mark = "\\",
        1 => mark = "",
        2 => name.extend_from_slice(dice.of(&[&b"\\"[..], b"\\x", b" ", b"\r", b"\t", b")"])),
        _ => {}
    }
    list.extend_from_slice(dice.of(&[&b""[..], b"", b"", b"", b"", b"", b"", b" ", b"\t "]));
    let hex = hex.as_bytes();
    let parts: Vec<&[u8]> = match shape {
        0..5 => vec![hex, b"  ", &name],
        5 => vec![hex, b" *", &name],
        6 => vec![hex, b" ", &name],
        7 => vec![hex, dice.of(&[&b"\t"[..], b"\t ", b"\t*", b"   ", b"\t\t"]), &name],
        8..11 => vec![tag.as_bytes(), b" (", &name, b") = ", hex],
        11 => vec![tag.as_bytes(), b"(", &name, b")= ", hex],
        12 => {
            let open = dice.of(&[&b" ("[..], b"  (", b"\t(", b"(", b" "]);
            let close = dice.of(&[&b") = "[..], b")=", b") \t=\t ", b") ", b"="]);
            vec![tag.as_bytes(), open, &name, close, hex]
        }
        13 => vec![tag.as_bytes(), b" (", &name, b") = ", hex, dice.of(&[&b" "[..], b"\r", b"x"])],
        14 => vec![hex, b"  ", &name, b"\r"],
        _ => vec![dice.of(&[
            &b"# comment"[..],
            b"",
            b"\r",
            b" ",
            b" # no comment",
            b"\\",
            b"MD5",
            b"SHA1-",
            b"SHA256(",
            b"CRC (a) = 1",
            b"BSD (a) = 1",
            b"-----BEGIN PGP SIGNATURE-----",
            b"SM3\ta",
            b"x",
            b"*",
        ])],
    };
    if shape < 15 {
        list.extend_from_slice(mark.as_bytes());
    }
    parts.iter().for_each(|part| list.extend_from_slice(part));
}

/// Returns the case of that number.
pub(crate) fn made(number: u64, files: &Files) -> Case {
    let mut dice = Dice::new(number);
    match dice.roll(5) {
        0 | 1 => printing(&mut dice, files),
        _ => verifying(&mut dice, files),
    }
}
