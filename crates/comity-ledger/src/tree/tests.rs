//! RFC 6962 test vectors, and proofs against a tree that is computed as the definition says.

use super::*;
use proptest::prelude::*;

/// MTH of RFC 6962 section 2.1, literally.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// PATH of RFC 6962 section 2.1.1, literally.
fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if index < k {
        (naive_path(index, left), naive_root(right))
    } else {
        (naive_path(index - k, right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// SUBPROOF of RFC 6962 section 2.1.2, literally.
fn naive_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            vec![]
        } else {
            vec![naive_root(leaves)]
        };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if old <= k {
        (naive_subproof(old, left, whole), naive_root(right))
    } else {
        (naive_subproof(old - k, right, false), naive_root(left))
    };
    proof.push(sibling);
    proof
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count)
        .map(|index| leaf_hash(&index.to_be_bytes()))
        .collect()
}

fn reader(leaves: &[Hash]) -> impl FnMut(Node) -> Result<Hash, OutOfRange> {
    move |node| {
        let start = usize::try_from(node.index << node.height).unwrap();
        Ok(naive_root(&leaves[start..start + (1 << node.height)]))
    }
}

fn head(leaves: &[Hash]) -> TreeHead {
    let (size, root) = (leaves.len() as u64, naive_root(leaves));
    TreeHead { size, root }
}

fn hex(text: &str) -> Hash {
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2).unwrap(), 16).unwrap();
    Hash::new(std::array::from_fn(byte))
}

#[test]
fn roots_are_those_of_the_reference_implementation() {
    // Inputs and roots of the tree tests of google/certificate-transparency, used by most implementations.
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let mut frontier = Frontier::new();
    let mut check = |input: Option<&[u8]>, expected: &str| {
        frontier.extend(input.map(leaf_hash));
        assert_eq!(frontier.root(), hex(expected), "{}", frontier.size());
    };
    check(
        None,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    let mut inputs = inputs.into_iter();
    for expected in [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ] {
        check(inputs.next(), expected);
    }
}

#[test]
fn every_proof_of_every_small_tree_is_the_defined_one_and_verifies() {
    let all = leaves(70);
    for size in 1..=all.len() {
        let tree = &all[..size];
        assert_eq!(root(size as u64, &mut reader(tree)), Ok(naive_root(tree)));
        for index in 0..size {
            let made = inclusion_proof(index as u64, size as u64, &mut reader(tree)).unwrap();
            assert_eq!(made, naive_path(index, tree));
            assert_eq!(
                verify_inclusion(&tree[index], index as u64, &head(tree), &made),
                Ok(())
            );
        }
        for old in 0..=size {
            let made = consistency_proof(old as u64, size as u64, &mut reader(tree)).unwrap();
            if old > 0 {
                assert_eq!(made, naive_subproof(old, tree, true));
            }
            assert_eq!(
                verify_consistency(&head(&tree[..old]), &head(tree), &made),
                Ok(())
            );
        }
    }
}

#[test]
fn a_proof_is_asked_of_what_the_tree_has() {
    let tree = leaves(7);
    let out = |asked| OutOfRange { size: 7, asked };
    assert_eq!(inclusion_proof(7, 7, &mut reader(&tree)), Err(out(7)));
    assert_eq!(consistency_proof(8, 7, &mut reader(&tree)), Err(out(8)));
    let refused = ProofError::OutOfRange { asked: 7, size: 7 };
    assert_eq!(
        verify_inclusion(&tree[0], 7, &head(&tree), &[]),
        Err(refused)
    );
    let refused = ProofError::OutOfRange { asked: 7, size: 6 };
    assert_eq!(
        verify_consistency(&head(&tree), &head(&tree[..6]), &[]),
        Err(refused)
    );
}

#[test]
fn the_empty_tree_has_one_root() {
    let (tree, wrong) = (leaves(3), leaf_hash(b"not the empty root"));
    let bad = TreeHead {
        size: 0,
        root: wrong,
    };
    assert_eq!(
        verify_consistency(&TreeHead::empty(), &TreeHead::empty(), &[]),
        Ok(())
    );
    assert_eq!(
        verify_consistency(&bad, &head(&tree), &[]),
        Err(ProofError::OtherRoot)
    );
    assert_eq!(
        verify_consistency(&bad, &bad, &[]),
        Err(ProofError::OtherRoot)
    );
    let refused = Err(ProofError::WrongLength { hashes: 1 });
    assert_eq!(
        verify_consistency(&TreeHead::empty(), &head(&tree), &[wrong]),
        refused
    );
}

#[test]
fn the_largest_sizes_do_not_overflow() {
    let hash = leaf_hash(b"x");
    for size in [SIZE_MAX, u64::MAX, 1 << 63] {
        let head = TreeHead { size, root: hash };
        let old = TreeHead {
            size: size - 1,
            root: hash,
        };
        for count in 0..66 {
            let proof = vec![hash; count];
            assert!(verify_inclusion(&hash, size - 1, &head, &proof).is_err());
            assert!(verify_inclusion(&hash, 0, &head, &proof).is_err());
            assert!(verify_consistency(&old, &head, &proof).is_err());
        }
        let mut read = |_| Ok::<_, OutOfRange>(hash);
        let proof = inclusion_proof(size / 2, size, &mut read).unwrap();
        assert!(proof.len() <= PROOF_HASHES_MAX + 1);
        consistency_proof(size / 3, size, &mut read).unwrap();
    }
}

#[test]
fn a_kept_edge_must_fit_its_size() {
    let frontier: Frontier = leaves(13).into_iter().collect();
    let kept = frontier.roots().to_vec();
    assert_eq!(Frontier::from_parts(13, kept.clone()), Ok(frontier));
    let mismatch = FrontierMismatch {
        expected: 1,
        found: 3,
    };
    assert_eq!(Frontier::from_parts(16, kept), Err(mismatch));
}

/// A proof with one thing changed.
fn mutate(proof: &mut Vec<Hash>, how: u8, at: usize) {
    let at = at % proof.len().max(1);
    match how {
        0 if !proof.is_empty() => {
            let mut bytes = *proof[at].as_bytes();
            bytes[at % 32] ^= 1 << (at % 8);
            proof[at] = Hash::new(bytes);
        }
        1 if !proof.is_empty() => {
            proof.remove(at);
        }
        2 if proof.len() > 1 => proof.rotate_left(1),
        _ => proof.push(leaf_hash(b"one too many")),
    }
}

proptest! {
    #[test]
    fn changed_proofs_fail((size, index) in (1..300_usize).prop_flat_map(|size| (Just(size), 0..size)), how in 0..4_u8, at: usize) {
        let tree = leaves(size);
        let (size, leaf, index) = (size as u64, tree[index], index as u64);
        let mut proof = inclusion_proof(index, size, &mut reader(&tree)).unwrap();
        prop_assert_eq!(verify_inclusion(&leaf, index, &head(&tree), &proof), Ok(()));
        for other in 0..size {
            prop_assert_eq!(verify_inclusion(&leaf, other, &head(&tree), &proof).is_ok(), other == index);
        }
        mutate(&mut proof, how, at);
        prop_assert!(verify_inclusion(&leaf, index, &head(&tree), &proof).is_err());

        let old = head(&tree[..usize::try_from(index).unwrap()]);
        let mut proof = consistency_proof(index, size, &mut reader(&tree)).unwrap();
        prop_assert_eq!(verify_consistency(&old, &head(&tree), &proof), Ok(()));
        mutate(&mut proof, how, at);
        prop_assert!(verify_consistency(&old, &head(&tree), &proof).is_err());
    }

    #[test]
    fn a_frontier_has_the_defined_root(count in 0..700_usize) {
        let tree = leaves(count);
        prop_assert_eq!(root_of(&tree), naive_root(&tree));
    }
}
