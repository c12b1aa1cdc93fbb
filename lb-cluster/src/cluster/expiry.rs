//! When the operator is told that this node's certificate ends: pure.

/// Days before the end, the last first.
const MARKS: [i32; 4] = [0, 1, 7, 30];

/// What has been told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expiry {
    /// The mark that was passed last; none before the first look.
    passed: Option<usize>,
}

impl Expiry {
    /// Takes in how many days are left; the text when a mark was passed since the last look. What is so at the first look, the
    /// start has told.
    pub(super) fn look(&mut self, days: Option<i32>) -> Option<String> {
        let days = days?;
        let now = MARKS.iter().position(|mark| days < *mark).unwrap_or(MARKS.len());
        let before = self.passed.replace(now)?;
        (now < before).then(|| match days {
            ..0 => "this node's certificate has ended: no other node talks to this one.".to_owned(),
            0 => "this node's certificate ends within a day.".to_owned(),
            _ => format!("this node's certificate ends in {days} days; a reload takes a new one."),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_told_once() {
        let mut expiry = Expiry::default();
        let told: Vec<_> = (-3..40).rev().filter(|days| expiry.look(Some(*days)).is_some()).collect();
        assert_eq!(told, [29, 6, 0, -1]);
        // A new certificate begins it anew.
        assert_eq!(expiry.look(Some(364)), None);
        assert!(expiry.look(Some(29)).is_some_and(|text| text.contains("in 29 days")));
    }

    #[test]
    fn without_a_certificate_and_at_the_start_nothing_is_told() {
        let mut expiry = Expiry::default();
        assert_eq!((expiry.look(None), expiry.look(Some(3)), expiry.look(Some(2))), (None, None, None));
    }
}
