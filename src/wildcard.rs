//! Patterns of packs and policies, in which `*` stands for any text.

/// Whether the whole text is like the pattern. Letters count without their case, as in host names.
#[must_use]
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("prod", "prod", true),
            ("prod", "PROD", true),
            ("prod", "product", false),
            ("*", "", true),
            ("*.prod.example.com", "db.prod.example.com", true),
            ("*.prod.example.com", "prod.example.com", false),
            ("gke_*_prod_*", "gke_shop_eu_prod_1", true),
            ("gke_*_prod_*", "gke_prod_1", false),
            ("a*a", "a", false),
            ("a*b*b", "ab", false),
            ("*backboard.railway*.*", "backboard.railway.app", true),
            ("*backboard.railway*.*", "railway.com", false),
            ("*:9200", "localhost:9200", true),
            ("unix:*docker*.sock", "unix:/var/run/docker.sock", true),
            ("$vault_addr", "$VAULT_ADDR", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
