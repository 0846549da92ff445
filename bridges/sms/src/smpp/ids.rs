//! Message ids, written in one form wherever they come from: answers and receipts of one gateway
//! may differ in letter case, leading zeros, or between hexadecimal and decimal.

use super::config::ReceiptIds;

impl ReceiptIds {
    /// The id that a submission was answered with.
    pub(super) fn answered(self, id: &str) -> String {
        match self {
            Self::Same => folded(id),
            Self::HexToDecimal => u128::from_str_radix(id.trim(), 16)
                .map_or_else(|_| folded(id), |number| number.to_string()),
            Self::DecimalToHex => {
                id.trim().parse::<u128>().map_or_else(|_| folded(id), |n| format!("{n:x}"))
            }
        }
    }

    /// The id that a receipt names.
    pub(super) fn receipted(self, id: &str) -> String {
        folded(id)
    }
}

/// Lower case; a number in either notation without leading zeros.
fn folded(id: &str) -> String {
    let id = id.trim().to_ascii_lowercase();
    let number = !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !number {
        return id;
    }
    match id.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_meet() {
        let cases = [
            (ReceiptIds::Same, "0012AB", "12ab"),
            (ReceiptIds::Same, "0000", "0"),
            (ReceiptIds::Same, "5F3A-00-bc", "5f3a-00-BC"),
            (ReceiptIds::HexToDecimal, "1A2B", "0000006699"),
            (ReceiptIds::HexToDecimal, "00ff", "255"),
            (ReceiptIds::DecimalToHex, "6699", "00001A2B"),
            (ReceiptIds::DecimalToHex, "id-7", "ID-7"),
        ];
        for (ids, answered, receipted) in cases {
            assert_eq!(ids.answered(answered), ids.receipted(receipted), "{answered} {receipted}");
        }
    }
}
