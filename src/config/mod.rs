//! The configuration: parse, validate (every finding at once), secrets from files.
