//! The table of methods.

use crate::server::rpc::functions::{self as f, Outcome};
use crate::server::rpc::parameters::{Arguments, Parameter, Type};
use crate::server::rpc::state::State;

/// A method.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    /// One or more sentences for people.
    pub(crate) help: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) result: Type,
    pub(crate) run: fn(&State, &Arguments) -> Outcome,
}

const ALG: Parameter = Parameter::new("alg", Type::Text);
const NAME: Parameter = Parameter::new("name", Type::TextOrBytes);
const BYTES: Parameter = Parameter::new("bytes", Type::Bytes);

/// The methods.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "algorithms",
        help: "Returns the algorithms: their names, lengths in bits, whether they can be used with HMAC, \
               and whether they are sound.",
        parameters: &[],
        result: Type::Array,
        run: f::algorithms,
    },
    Method {
        name: "digest",
        help: "Returns the digest of bytes as hexadecimal digits.",
        parameters: &[ALG, BYTES],
        result: Type::Text,
        run: f::digest,
    },
    Method {
        name: "digest_many",
        help: "Returns the digests of several messages, in order. Faster than a call for each.",
        parameters: &[ALG, Parameter::new("messages", Type::Array)],
        result: Type::Array,
        run: f::digest_many,
    },
    Method {
        name: "file_digest",
        help: "Returns the recorded digest of a served file as hexadecimal digits.",
        parameters: &[ALG, NAME],
        result: Type::Text,
        run: f::file_digest,
    },
    Method {
        name: "hmac_verify",
        help: "Returns true if tag is the HMAC of bytes under the server's key of this name. The tag is \
               bytes, or their hexadecimal or base64 digits.",
        parameters: &[
            ALG,
            Parameter::new("key_id", Type::Text),
            BYTES,
            Parameter::new("tag", Type::TextOrBytes),
        ],
        result: Type::Boolean,
        run: f::hmac_verify,
    },
    Method {
        name: "list",
        help: "Returns served files whose names start with prefix: name, size, digests. If more is true, \
               call again with the last name as after.",
        parameters: &[
            Parameter::optional("prefix", Type::TextOrBytes),
            Parameter::optional("after", Type::TextOrBytes),
            Parameter::optional("limit", Type::Integer),
        ],
        result: Type::Struct,
        run: f::list,
    },
    Method {
        name: "verify",
        help: "Returns true if the served file has this digest, in any notation.",
        parameters: &[NAME, Parameter::new("digest", Type::Text)],
        result: Type::Boolean,
        run: f::verify,
    },
    Method {
        name: "verify_list",
        help: "Compares a checksum file of any format with the served files: counts, and for each entry \
               OK, FAILED, MISSING, UNKNOWN (no digest of this algorithm is known) or BAD.",
        parameters: &[Parameter::new("text", Type::TextOrBytes)],
        result: Type::Struct,
        run: f::verify_list,
    },
];
