//! What may be asked of a download besides the file itself.

/// Whether a part that is there is gone on with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Resume {
    /// It is, where the server proves that it is of the same file.
    #[default]
    On,
    /// Each download begins anew.
    Off,
}

/// What becomes of a file that is not the one expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Bad {
    /// It is removed.
    #[default]
    Removed,
    /// It stays as `NAME.hsum-bad`.
    Kept,
}

/// How strong the expected digests must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Demand {
    /// Any will do.
    #[default]
    Any,
    /// At least one for which no collisions are known.
    Sound,
}

/// What a digest is worth that the server states in its response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ServerDigest {
    /// It is compared and reported, and proves nothing.
    #[default]
    Advisory,
    /// It is enough to verify against.
    Trusted,
}

/// What becomes of a file for which no digest is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unverified {
    /// It is not fetched.
    #[default]
    Refused,
    /// It is put in place all the same.
    Accepted,
}
