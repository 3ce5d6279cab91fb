//! The small texts at their edges.

use super::*;

#[test]
fn names_are_cut_in_the_middle_at_characters() {
    assert_eq!(split_for_middle_cut("Rename Cart"), ("Rename Cart", ""));
    assert_eq!(split_for_middle_cut("Rename the Cart to Basket é"), ("Rename the Cart to", " Basket é"));
    assert_eq!(cut_in_the_middle("abcdefghij", 10), "abcdefghij");
    assert_eq!(cut_in_the_middle("abcdefghijk", 7), "abcd…jk");
    assert_eq!(cut_in_the_middle("ααααααααα", 5).chars().count(), 5);
}

#[test]
fn paths_are_cut_at_the_front() {
    assert_eq!(cut_at_the_front("/home/ada/shop", 20), "/home/ada/shop");
    assert_eq!(cut_at_the_front("/home/ada/work/shop/src/main.rs", 18), "…/shop/src/main.rs");
    assert_eq!(cut_at_the_front("/home/ada/work/shop/src/main.rs", 17), "…/src/main.rs");
    assert_eq!(cut_at_the_front("averyveryverylongname", 8), "…ongname");
}

#[test]
fn sizes_and_counts_keep_three_digits() {
    assert_eq!(size(0), "0 B");
    assert_eq!(size(999), "999 B");
    assert_eq!(size(1_249), "1.2 KB");
    assert_eq!(size(48_400_000), "48 MB");
    assert_eq!(size(2_000_000_000), "2.0 GB");
    assert_eq!(count(999), "999");
    assert_eq!(count(12_345), "12k");
    assert_eq!(count(1_240_000), "1.2M");
}

#[test]
fn times_are_said_in_one_or_two_units() {
    assert_eq!(ago(100_000, 99_000), "now");
    assert_eq!(ago(100_000, 200_000), "now", "a clock ahead of ours");
    assert_eq!(ago(3 * HOUR + 59 * MINUTE, 0), "3 h");
    assert_eq!(ago(50 * HOUR, 0), "2 d");
    assert_eq!(duration(2 * HOUR + 5 * MINUTE), "2 h 5 min");
    assert_eq!(duration(-5), "0 s");
    assert_eq!(clock(0, -3600), "23:00");
    assert_eq!(stamp(1_795_435_323_000, 0), "23 Nov 12:02");
    assert_eq!(rfc3339(1_795_435_323_000), "2026-11-23T12:02:03Z");
}

#[test]
fn days_are_named_from_the_nearest_on() {
    let today = day_of(1_795_435_323_000, 0);
    assert_eq!(civil(today), (2026, 11, 23));
    assert_eq!(civil(0), (1970, 1, 1));
    assert_eq!(civil(-1), (1969, 12, 31));
    assert_eq!(civil(day_of(1_709_164_800_000, 0)), (2024, 2, 29));
    assert_eq!(day_name(today, today), "Today");
    assert_eq!(day_name(today - 1, today), "Yesterday");
    assert_eq!(day_name(today - 2, today), "Saturday");
    assert_eq!(day_name(today - 9, today), "Saturday 14 November");
    assert_eq!(day_name(today - 400, today), "19 October 2025");
    assert_eq!(day_of(1_795_435_323_000, 12 * 3600), today + 1);
}

#[test]
fn models_lose_what_every_name_repeats() {
    assert_eq!(short_model("claude-opus-4-8-20260101[1m]"), "opus 4.8");
    assert_eq!(short_model("claude-sonnet-5"), "sonnet 5");
    assert_eq!(short_model("us.anthropic/claude-haiku-4-5"), "haiku 4.5");
    assert_eq!(short_model("<synthetic>"), "<synthetic>");
}

#[test]
fn urls_carry_any_folder() {
    assert_eq!(url_encode("/home/a b&c=é"), "/home/a%20b%26c%3D%C3%A9");
}

#[test]
fn fractions_are_printed_without_the_general_printer() {
    assert_eq!(decimal(4.1666, 3), "4.167");
    assert_eq!(decimal(0.05, 1), "0.1");
    assert_eq!(decimal(-3.5, 0), "-4");
    assert_eq!(decimal(-0.25, 2), "-0.25");
    assert_eq!(decimal(99.9996, 3), "100.000");
}
