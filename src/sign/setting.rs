//! The settings of schemes.

use std::fmt;

macro_rules! settings {
    ($($(#[$doc:meta])* $setting:ident $name:literal),+ $(,)?) => {
        /// A setting of a scheme, or a value of a message that only some schemes use.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Setting { $($(#[$doc])* $setting),+ }

        impl fmt::Display for Setting {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$setting => $name),+ })
            }
        }
    };
}

settings! {
    /// The hash function of the HMAC.
    Algorithm "algorithm",
    /// The encoding of the MAC.
    Encoding "encoding",
    /// The text before the MAC.
    Prefix "prefix",
    /// The header of the signature.
    Header "header",
    /// The pattern of the signed content.
    Pattern "pattern",
    /// The AWS region.
    Region "region",
    /// The AWS service.
    Service "service",
    /// The AWS access key id.
    AccessKeyId "access key id",
    /// The token of temporary AWS credentials.
    SessionToken "session token",
    /// The lifetime of a presigned URL.
    Presign "lifetime",
    /// A signature that leaves the body out.
    UnsignedPayload "unsigned payload",
    /// The components to cover.
    Cover "component",
    /// The label of the signature.
    Label "label",
    /// The key id.
    KeyId "key id",
    /// The application tag.
    Tag "tag",
    /// The parameters of the message.
    Params "parameters",
    /// The identifier of the message.
    Id "id",
    /// The text that is used once.
    Nonce "nonce",
    /// The time of signing.
    Timestamp "timestamp",
    /// The accepted distance between the signed time and now.
    Freshness "freshness",
}
