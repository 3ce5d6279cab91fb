//! Arbitrary bytes as what git prints for programs: nothing that could be lost is left untold, and nothing is made up.

#![no_main]

use libfuzzer_sys::fuzz_target;
use orchestra_core::worktrees::porcelain;

fuzz_target!(|output: &[u8]| {
    let fields: Vec<&[u8]> = output.split(|byte| *byte == 0).filter(|field| !field.is_empty()).collect();
    let headers = fields.iter().filter(|field| field.starts_with(b"# ")).count();
    let status = porcelain::status(output);
    assert_eq!(status.changed.len() + status.ignored.len(), fields.len() - headers, "every entry is told");
    assert!(status.changed.iter().chain(&status.ignored).all(|path| is_in(&fields, path)));
    let ignored = fields.iter().filter(|field| field.starts_with(b"! ")).count();
    assert_eq!(status.ignored.len(), ignored, "only what git calls ignored is");

    let short = porcelain::short_status(output);
    assert_eq!(short.len(), fields.iter().filter(|field| field.len() >= 3).count());

    let changes = porcelain::changes(output);
    assert!(changes.len() <= fields.iter().filter(|field| field.starts_with(b":")).count());
    assert!(changes.iter().all(|file| !file.is_binary || (file.insertions, file.deletions).0 == 0));

    assert!(porcelain::flags(output).all(|(_, path)| is_in(&fields, path)));
    assert!(porcelain::submodules(output).all(|path| is_in(&fields, path)));
    let (tree, files) = porcelain::merge_tree(output);
    assert!(files.len() <= fields.len() && !tree.contains('\0'));
    let branch = porcelain::checkout_of(output, "refs/heads/main");
    let is_there = fields.contains(&&b"branch refs/heads/main"[..]);
    assert!(branch.is_none() || is_there);
});

fn is_in(fields: &[&[u8]], path: &[u8]) -> bool {
    fields.iter().any(|field| field.ends_with(path))
}
