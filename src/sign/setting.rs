//! The settings of schemes.

use crate::sign::named::named_variants;

named_variants! {
    /// A setting of a scheme, or a value of a message that only some schemes use.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    #[allow(missing_docs)] // the names suffice
    Setting {
        Algorithm = "algorithm",
        Encoding = "encoding",
        Prefix = "prefix",
        Header = "header",
        Pattern = "pattern",
        Region = "region",
        Service = "service",
        AccessKeyId = "access key id",
        SessionToken = "session token",
        Presign = "lifetime",
        UnsignedPayload = "unsigned payload",
        Cover = "component",
        Label = "label",
        KeyId = "key id",
        Tag = "tag",
        Params = "parameters",
        Id = "id",
        Nonce = "nonce",
        Timestamp = "timestamp",
        Freshness = "freshness",
    }
}
