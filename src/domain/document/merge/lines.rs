//! Merging lines, for the tests of what is built on it: three versions are compared where the longest common
//! sequences of lines leave them apart.

const MARKS: [&[u8]; 3] = [b"<<<<<<< ours\n", b"=======\n", b">>>>>>> theirs\n"];

/// As [`MergeLines`](super::MergeLines) asks.
pub(super) fn merge_lines(base: &[u8], ours: &[u8], theirs: &[u8]) -> (Vec<u8>, bool) {
    let [base, ours, theirs] =
        [base, ours, theirs].map(|text| text.split_inclusive(|byte| *byte == b'\n').collect::<Vec<_>>());
    let (of_ours, of_theirs) = (partners(&base, &ours), partners(&base, &theirs));
    let (mut merged, mut is_conflict) = (Vec::new(), false);
    let (mut b, mut o, mut t) = (0, 0, 0);
    while b < base.len() || o < ours.len() || t < theirs.len() {
        // The next line that all three have.
        let in_all = (b..base.len()).find_map(|at| Some((at, of_ours[at]?, of_theirs[at]?)));
        let (next_b, next_o, next_t) = in_all.unwrap_or((base.len(), ours.len(), theirs.len()));
        let (base_part, ours_part, theirs_part) = (&base[b..next_b], &ours[o..next_o], &theirs[t..next_t]);
        if ours_part == theirs_part || theirs_part == base_part {
            merged.extend(ours_part.concat());
        } else if ours_part == base_part {
            merged.extend(theirs_part.concat());
        } else {
            is_conflict = true;
            let parts = [&[MARKS[0]], ours_part, &[MARKS[1]], theirs_part, &[MARKS[2]]];
            merged.extend(parts.concat().concat());
        }
        (b, o, t) = (next_b, next_o, next_t);
        if in_all.is_some() {
            merged.extend(base[b]);
            (b, o, t) = (b + 1, o + 1, t + 1);
        }
    }
    (merged, is_conflict)
}

/// For each line of `from` the line of `to` that it became.
fn partners(from: &[&[u8]], to: &[&[u8]]) -> Vec<Option<usize>> {
    let mut lengths = vec![vec![0_u32; to.len() + 1]; from.len() + 1];
    for i in (0..from.len()).rev() {
        for j in (0..to.len()).rev() {
            lengths[i][j] =
                if from[i] == to[j] { lengths[i + 1][j + 1] + 1 } else { lengths[i + 1][j].max(lengths[i][j + 1]) };
        }
    }
    let (mut partners, mut i, mut j) = (vec![None; from.len()], 0, 0);
    while i < from.len() && j < to.len() {
        if from[i] == to[j] {
            partners[i] = Some(j);
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    partners
}

#[test]
fn lines_are_merged() {
    let merged = |base: &str, ours: &str, theirs: &str| {
        let (merged, is_conflict) = merge_lines(base.as_bytes(), ours.as_bytes(), theirs.as_bytes());
        (String::from_utf8(merged).unwrap(), is_conflict)
    };
    assert_eq!(merged("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\nd\n"), ("A\nb\nC\nd\n".to_owned(), false));
    assert_eq!(merged("a\nb\n", "b\n", "a\nb\n"), ("b\n".to_owned(), false));
    let marked = "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\nb\n";
    assert_eq!(merged("a\nb\n", "x\nb\n", "y\nb\n"), (marked.to_owned(), true));
}
