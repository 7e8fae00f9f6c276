//! The reasons for which a call fails.

/// A call that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    /// The reason, for people.
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

macro_rules! problem_kinds {
    ($($variant:ident $fault:literal $status:literal $reason:literal #[doc = $doc:literal],)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum ProblemKind {
            $(#[doc = $doc] $variant,)*
        }

        impl ProblemKind {
            /// Returns the XML-RPC fault code.
            pub(crate) fn fault(self) -> i32 {
                match self { $(Self::$variant => $fault,)* }
            }

            /// Returns the HTTP status of the JSON API.
            pub(crate) fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// Returns the code that the JSON API's errors have for programs.
            pub(crate) fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }
        }
    };
}

// The fault codes below -32000 are those of "Specification for Fault Code Interoperability,
// version 20010516", which Python's `xmlrpc.client` names too.
problem_kinds! {
    Malformed -32700 400 "malformed" /// The body is not well-formed.
    ,
    Encoding -32701 400 "encoding" /// The body's character encoding is not supported.
    ,
    NotACall -32600 400 "not-a-call" /// The body is well-formed but not a call.
    ,
    NoMethod -32601 404 "no-method" /// The method does not exist.
    ,
    Parameters -32602 400 "parameters" /// The parameters are not those of the method.
    ,
    Internal -32603 500 "internal" /// The method failed for a reason that the client cannot change.
    ,
    NoFile -32500 404 "no-file" /// The file is not served.
    ,
    NoDigest -32500 409 "no-digest" /// The digest of the file is not known.
    ,
    NoKey -32500 404 "no-key" /// The server has no key of this name.
    ,
    TooLarge -32500 413 "too-large" /// The result would be too large.
    ,
}
