//! Which passwords are taken (OWASP ASVS 5.0, section 6.2; NIST SP 800-63B, 3.1.1): long enough and not among those
//! that are guessed first. What they are made of, nobody asks.

/// The fewest characters.
pub const SHORTEST: usize = 8;
/// The most characters. More is refused, never cut off.
pub const LONGEST: usize = 256;
/// So many guesses, as a power of ten, a password must be away from the best guesser: below stand the known lists,
/// what the person is called, keyboard rows and dates, and their usual disguises.
const LEAST_GUESSES_LOG10: f64 = 6.0;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer than [`SHORTEST`] characters.
    #[error("a password has at least 8 characters; 15 or more are advised, such as four words")]
    Short,
    /// More than [`LONGEST`] characters.
    #[error("a password has at most 256 characters")]
    Long,
    /// Among the first that are guessed.
    #[error("this password is among those that are guessed first: common ones, names, dates, keyboard rows")]
    Common,
}

/// Refuses a password that is too short, too long or easily guessed by somebody who knows the words in `context`: the
/// account's name, the city's, the program's.
pub(crate) fn check(password: &str, context: &[&str]) -> Result<(), Weakness> {
    // Each code point counts as one (NIST SP 800-63B).
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(Weakness::Short);
    }
    if length > LONGEST {
        return Err(Weakness::Long);
    }
    // Parts of names, too: `ada.lovelace@city.example` is `lovelace` and `city`.
    let words: Vec<String> = context
        .iter()
        .flat_map(|text| {
            let parts = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
            parts.chain(std::iter::once(text.to_lowercase()))
        })
        .filter(|word| word.chars().count() >= 3)
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if is_of(password, &words) || zxcvbn::zxcvbn(password, &words).guesses_log10() < LEAST_GUESSES_LOG10 {
        return Err(Weakness::Common);
    }
    Ok(())
}

/// Whether little but these words is in a password: `ada.lovelace1` is two of them, a dot and a digit.
fn is_of(password: &str, words: &[&str]) -> bool {
    let mut longest_first = words.to_vec();
    longest_first.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let whole = password.to_lowercase();
    let rest = longest_first
        .iter()
        .fold(whole.clone(), |rest, word| rest.replace(word, " "));
    rest != whole && rest.chars().filter(|c| c.is_alphanumeric()).count() < 4
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: [&str; 3] = ["ada.lovelace@nairobi.example", "Nairobi", "mapacha"];

    #[test]
    fn asvs_6_2_table() {
        for good in [
            "kikuyu matatu jua wimbo",
            "xkwq vzpl",            // eight letters and a space
            "qzvwkxjp",             // exactly eight, no digit, no capital
            "ΠΑΡΆΘΥΡΟ ΣΤΗ ΘΆΛΑΣΣΑ", // Greek
            "نافذة على البحر",      // Arabic
            "窓から見える青い海",   // nine characters, 27 bytes
            "🦒🐘🦏🐆🦓🐊🦛🐃",     // eight code points
            "  spaces  at  ends  ",
            "correct horse battery staple window lamp river stone paper candle morning", // 74
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",          // exactly 64
            &format!("kiti cheusi mezani {}", "wimbo la asubuhi ".repeat(13)),           // 240
        ] {
            assert_eq!(check(good, &CONTEXT), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", Weakness::Short),
            ("qzvwkxj", Weakness::Short),
            ("窓から見える海", Weakness::Short), // seven characters, 21 bytes
            (&"x y".repeat(86), Weakness::Long), // 258
            ("password", Weakness::Common),
            ("Password1", Weakness::Common),
            ("P@ssw0rd1", Weakness::Common),
            ("12345678", Weakness::Common),
            ("qwertyuiop", Weakness::Common),
            ("aaaaaaaaaaaa", Weakness::Common),
            ("abcdefghijkl", Weakness::Common),
            ("iloveyou1", Weakness::Common),
            ("lovelace", Weakness::Common),
            ("Lovelace1", Weakness::Common),
            ("ada.lovelace", Weakness::Common),
            ("Nairobi1", Weakness::Common),
            ("nairobi2026", Weakness::Common),
            ("mapacha1", Weakness::Common),
            ("M4pacha!", Weakness::Common),
            ("19851985", Weakness::Common),
            ("asdfghjkl", Weakness::Common),
        ] {
            assert_eq!(check(bad, &CONTEXT), Err(why), "{bad}");
        }
    }

    /// The commonest passwords of eight and more characters, from published lists of leaks.
    #[test]
    fn common_passwords_are_refused() {
        let common = "password 12345678 123456789 1234567890 baseball football trustno1 superman jennifer \
            sunshine starwars computer corvette princess passw0rd password1 iloveyou whatever michelle liverpool \
            qwertyui 11111111 mercedes danielle charlotte butthead maverick samantha victoria alexander 87654321 \
            internet scorpion marlboro letmein1 welcome1 dolphins qwerty123 1q2w3e4r 1qaz2wsx zaq12wsx asdf1234 \
            abcd1234 football1 baseball1 princess1 sunshine1 superman1 admin123 changeme chocolate butterfly \
            spiderman pokemon1 dragon123 monkey123 shadow123 master123 michael1 jordan23 q1w2e3r4 987654321";
        for password in common.split_whitespace() {
            assert_eq!(check(password, &[]), Err(Weakness::Common), "{password}");
        }
    }
}
