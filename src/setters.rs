//! A macro for the setters of options.

/// Declares methods that take options by value, set the field of their own name, and return the
/// options. `=> Some` wraps the value for a field that is an `Option`.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty $(=> $wrap:ident)?;)*) => {$(
        $(#[$doc])*
        pub fn $field(mut self, $field: $type) -> Self {
            self.$field = $($wrap)?($field);
            self
        }
    )*};
}

pub(crate) use setters;
