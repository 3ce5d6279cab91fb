//! The languages that code is coloured in: what a lexer needs to know of each, and the names people call them by.
//!
//! A table rather than grammars: comments, strings, keywords and a few habits carry nearly all of what colour tells a
//! reader, and a lexer over them is linear in its input, whatever the input.

/// What a lexer needs to know of a language.
#[derive(Debug)]
pub(super) struct Language {
    /// Its names, extensions and file names, in lower case, separated by spaces.
    pub(super) names: &'static str,
    /// How it is read.
    pub(super) family: Family,
    /// What begins a comment that ends with the line, separated by spaces.
    pub(super) line_comments: &'static str,
    /// What begins and ends a comment over lines.
    pub(super) block_comment: Option<(&'static str, &'static str)>,
    /// Its strings; longer openings come first.
    pub(super) quotes: &'static [Quote],
    /// Its keywords, separated by spaces.
    pub(super) keywords: &'static str,
    /// What more there is to it.
    pub(super) habits: &'static [Habit],
}

/// How a language is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Words, strings and comments.
    Code,
    /// A key, a mark, a value.
    Settings,
    /// Tags with attributes around text.
    Markup,
    /// Prose with marks at the beginnings of lines.
    Prose,
    /// Lines that were added and removed.
    Diff,
}

/// One kind of string.
#[derive(Debug)]
pub(super) struct Quote {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// Whether a backslash hides what follows it.
    pub(super) escapes: bool,
    /// Whether it goes on over line ends.
    pub(super) spans_lines: bool,
}

/// What is particular to a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Words that begin with a capital letter name types.
    CapitalTypes,
    /// Comments over lines nest.
    NestedComments,
    /// `'` begins a character or, before a name, a lifetime or label.
    Characters,
    /// `r"…"` and `r#"…"#` are strings.
    RawStrings,
    /// `/…/` is a string where a value is expected.
    RegexLiterals,
    /// `$name` is a variable.
    Dollars,
    /// The first word of a command is what runs; words like `-x` are its options.
    Commands,
    /// Keywords are keywords in any case.
    AnyCase,
    /// `#name` at the beginning of a line is for a preprocessor; `#[…]` and `#!` are attributes.
    Hashes,
    /// A name or a string before `:` is a key.
    Keys,
    /// `-` may stand within a name.
    DashedNames,
    /// `:name` is a constant.
    Symbols,
}

use Habit::{
    AnyCase, CapitalTypes, Characters, Commands, DashedNames, Dollars, Hashes, Keys, NestedComments,
    RawStrings, RegexLiterals, Symbols,
};

const fn quote(open: &'static str, escapes: bool, spans_lines: bool) -> Quote {
    Quote { open, close: open, escapes, spans_lines }
}

const DOUBLE: Quote = quote("\"", true, false);
const SINGLE: Quote = quote("'", true, false);
const C_QUOTES: &[Quote] = &[DOUBLE, SINGLE];
const SCRIPT_QUOTES: &[Quote] = &[DOUBLE, SINGLE, quote("`", true, true)];
const TRIPLE_QUOTES: &[Quote] = &[quote("\"\"\"", true, true), quote("'''", true, true), DOUBLE, SINGLE];
const JAVA_QUOTES: &[Quote] = &[quote("\"\"\"", true, true), DOUBLE, SINGLE];
const OPEN_QUOTES: &[Quote] = &[quote("\"", true, true), SINGLE];
const SHELL_QUOTES: &[Quote] = &[quote("\"", true, true), quote("'", false, true), quote("`", true, false)];

const CODE: Language = Language {
    names: "",
    family: Family::Code,
    line_comments: "//",
    block_comment: Some(("/*", "*/")),
    quotes: C_QUOTES,
    keywords: "",
    habits: &[CapitalTypes],
};

const HASH: Language = Language { line_comments: "#", block_comment: None, ..CODE };

/// Every language; the first that has a name is it.
pub(super) const LANGUAGES: &[Language] = &[
    Language {
        names: "rust rs ron",
        quotes: &[quote("\"", true, true)],
        keywords: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match \
                   mod move mut pub ref return self Self static struct super trait true type union unsafe use where while \
                   yield bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize",
        habits: &[CapitalTypes, NestedComments, Characters, RawStrings, Hashes],
        ..CODE
    },
    Language {
        names: "javascript js mjs cjs jsx typescript ts mts cts tsx",
        quotes: SCRIPT_QUOTES,
        keywords: "abstract any as async await boolean break case catch class const constructor continue debugger declare \
                   default delete do else enum export extends false finally for from function get if implements import in \
                   infer instanceof interface is keyof let namespace never new null number object of private protected \
                   public readonly return satisfies set static string super switch this throw true try type typeof \
                   undefined unknown var void while with yield",
        habits: &[CapitalTypes, RegexLiterals],
        ..CODE
    },
    Language {
        names: "python py pyi python3 gyp starlark bzl",
        quotes: TRIPLE_QUOTES,
        keywords: "and as assert async await break case class continue def del elif else except False finally for from \
                   global if import in is lambda match None nonlocal not or pass raise return self True try type while with \
                   yield",
        ..HASH
    },
    Language {
        names: "go golang",
        quotes: &[DOUBLE, SINGLE, quote("`", false, true)],
        keywords: "any bool break byte case chan const continue default defer else error fallthrough false float32 float64 \
                   for func go goto if import int int8 int16 int32 int64 interface iota map nil package range return rune \
                   select string struct switch true type uint uint8 uint16 uint32 uint64 uintptr var",
        ..CODE
    },
    Language {
        names: "c h cpp c++ cc cxx hpp hh hxx objective-c objc m mm cuda cu glsl hlsl wgsl ino",
        keywords: "alignas auto bool break case catch char class concept const consteval constexpr continue co_await \
                   co_return co_yield decltype default delete do double else enum explicit export extern false final float \
                   for friend goto if inline int long mutable namespace new noexcept nullptr NULL operator override private \
                   protected public register requires restrict return short signed sizeof static static_assert struct \
                   switch template this throw true try typedef typename union unsigned using virtual void volatile while",
        habits: &[CapitalTypes, Hashes],
        ..CODE
    },
    Language {
        names: "java kotlin kt kts scala groovy gradle",
        quotes: JAVA_QUOTES,
        keywords: "abstract as assert boolean break by byte case catch char class companion const constructor continue data \
                   def default do double else enum extends false final finally float for fun given if implements import in \
                   init instanceof int interface internal is lateinit lazy long match native new null object open operator \
                   override package private protected public record return sealed short static super suspend switch \
                   synchronized this throw throws trait true try typealias val var void volatile when where while with \
                   yield",
        ..CODE
    },
    Language {
        names: "c# csharp cs f# fsharp fs swift dart",
        quotes: JAVA_QUOTES,
        keywords: "abstract actor any as associatedtype async await base bool break byte case catch char class const \
                   continue decimal default defer deinit delegate didSet do double dynamic else enum event explicit \
                   extension extern factory fallthrough false fileprivate final finally float for foreach func get guard if \
                   implements import in init inout int interface internal is late lazy let lock long mixin module mutable \
                   mutating namespace new nil null object open operator out override params private protected protocol public \
                   readonly record ref repeat required return sealed self Self set short some static string struct subscript \
                   super switch this throw throws true try type typealias typeof uint union unsafe using var virtual void \
                   weak when where while with yield",
        ..CODE
    },
    Language {
        names: "php php8 phtml",
        line_comments: "// #",
        quotes: OPEN_QUOTES,
        keywords: "abstract and array as break callable case catch class clone const continue declare default do echo else \
                   elseif empty enum extends false final finally fn for foreach function global goto if implements include \
                   include_once instanceof insteadof interface isset list match namespace new null or print private \
                   protected public readonly require require_once return static switch throw trait true try unset use var \
                   while xor yield",
        habits: &[CapitalTypes, Dollars],
        ..CODE
    },
    Language {
        names: "ruby rb rake gemfile rakefile podfile vagrantfile crystal cr elixir ex exs",
        quotes: OPEN_QUOTES,
        keywords: "alias and begin break case class cond def defmodule defp defined? defstruct do else elsif end ensure false \
                   fn for if import in loop module next nil not or private protected public quote raise receive redo require \
                   rescue retry return self super then true undef unless unquote until use when while with yield",
        habits: &[CapitalTypes, Symbols, Dollars],
        ..HASH
    },
    Language {
        names: "shell sh bash zsh fish ksh console terminal shellscript shell-session bashrc zshrc profile env .env",
        quotes: SHELL_QUOTES,
        keywords: "begin break case continue declare do done elif else end esac exit export fi for function if in local \
                   readonly return select set shift source then time trap unset until while",
        habits: &[Dollars, Commands, DashedNames],
        ..HASH
    },
    Language {
        names: "dockerfile containerfile docker",
        keywords: "FROM AS RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD STOPSIGNAL \
                   HEALTHCHECK SHELL",
        habits: &[Dollars, DashedNames],
        ..HASH
    },
    Language {
        names: "makefile gnumakefile make mk justfile just cmake cmakelists.txt",
        keywords: "define else elseif endef endforeach endfunction endif export foreach function if ifdef ifeq ifndef ifneq \
                   include override set unexport",
        habits: &[Dollars, DashedNames],
        ..HASH
    },
    Language {
        names: "powershell ps1 psm1 pwsh",
        block_comment: Some(("<#", "#>")),
        keywords: "begin break catch class continue data do dynamicparam else elseif end enum exit filter finally for foreach \
                   from function if in param process return switch throw trap try until using while",
        habits: &[Dollars, DashedNames, AnyCase],
        ..HASH
    },
    Language {
        names: "sql mysql pgsql postgres postgresql sqlite plsql",
        line_comments: "--",
        quotes: &[quote("'", false, true), quote("\"", false, false), quote("`", false, false)],
        keywords: "add all alter and any as asc begin between bigint blob boolean by cascade case char check column commit \
                   conflict constraint create cross database date default delete desc distinct do drop else end exists \
                   explain false foreign from full function grant group having if ilike in index inner insert int integer \
                   interval into is join json jsonb key left like limit natural not nothing null numeric offset on or order \
                   outer over partition primary real recursive references rename replace returning revoke right rollback row \
                   select serial set table temporary text then timestamp to transaction trigger true truncate union unique \
                   update using uuid values varchar view when where window with",
        habits: &[AnyCase],
        ..CODE
    },
    Language {
        names: "css scss sass less postcss",
        keywords: "and from important not only or to",
        habits: &[Keys, DashedNames, Dollars],
        ..CODE
    },
    Language {
        names: "json jsonc json5 jsonl ndjson webmanifest ipynb geojson babelrc eslintrc prettierrc",
        keywords: "true false null",
        habits: &[Keys],
        ..CODE
    },
    Language {
        names: "graphql gql protobuf proto prisma thrift terraform tf tfvars hcl nix solidity sol zig odin v vlang d",
        line_comments: "// #",
        quotes: JAVA_QUOTES,
        keywords: "and assert bool break by bytes case comptime const continue contract data defer double else enum errdefer \
                   extend false float fn for fragment fun function if implements import in inherit input int int32 int64 \
                   interface let locals map message module mutation not null on oneof optional option or orelse output package \
                   proc pub public query rec reserved repeated required resource return returns rpc scalar schema service \
                   string struct subscription switch syntax test then true try type uint32 uint64 undefined union unreachable \
                   usize using var variable void while with",
        ..CODE
    },
    Language {
        names: "lua luau",
        line_comments: "--",
        block_comment: Some(("--[[", "]]")),
        keywords: "and break do else elseif end false for function goto if in local nil not or repeat return then true until \
                   while",
        ..CODE
    },
    Language {
        names: "haskell hs elm purescript purs idris lean ocaml ml mli sml",
        line_comments: "--",
        block_comment: Some(("{-", "-}")),
        quotes: &[DOUBLE],
        keywords: "and as begin case class data deriving do else end exception exposing forall fun function if import in \
                   include infix infixl infixr instance let match module mutable newtype of open port qualified rec sig struct \
                   then theorem try type val when where with",
        habits: &[CapitalTypes, NestedComments, Characters],
        ..CODE
    },
    Language {
        names: "lisp clojure clj cljs edn scheme scm racket rkt el elisp emacs-lisp common-lisp fennel",
        line_comments: ";",
        block_comment: None,
        quotes: &[quote("\"", true, true)],
        keywords: "and begin case cond cons def define defmacro defmethod defn defun defvar do else false fn if lambda let loop \
                   nil not ns or quote recur require set setq t true unless when while",
        habits: &[Symbols, DashedNames],
        ..CODE
    },
    Language {
        names: "perl pl pm raku r rscript julia jl nim tcl awk gdscript gd",
        quotes: OPEN_QUOTES,
        keywords: "and as begin break case class const continue def do each else elif elseif elsif end export extends false \
                   FALSE for foreach func function global if import in last let local macro match mod module mutable my next not \
                   NULL or our package print proc puts quote redo repeat require return self set shift signal static struct sub \
                   then true TRUE try unless until use using var while",
        habits: &[CapitalTypes, Dollars],
        ..HASH
    },
    Language {
        names: "yaml yml clang-format",
        family: Family::Settings,
        quotes: &[DOUBLE, quote("'", false, false)],
        keywords: "true false null yes no on off True False",
        ..HASH
    },
    Language {
        names: "toml ini cfg conf config properties editorconfig gitconfig gitmodules service desktop cargo.lock pipfile \
                poetry.lock uv.lock",
        family: Family::Settings,
        line_comments: "# ;",
        quotes: TRIPLE_QUOTES,
        keywords: "true false on off yes no",
        ..HASH
    },
    Language {
        names: "html htm xhtml xml svg vue svelte astro xsl xsd plist rss atom jinja jinja2 hbs handlebars erb ejs csproj",
        family: Family::Markup,
        line_comments: "",
        block_comment: Some(("<!--", "-->")),
        quotes: &[quote("\"", false, true), quote("'", false, true)],
        ..CODE
    },
    Language {
        names: "markdown md mdx mdc rmd qmd",
        family: Family::Prose,
        line_comments: "",
        block_comment: Some(("<!--", "-->")),
        ..CODE
    },
    Language { names: "diff patch", family: Family::Diff, line_comments: "", block_comment: None, ..CODE },
];

/// The language for a name (`rust`), an extension (`rs`) or a path (`src/main.rs`, `Dockerfile`).
pub(super) fn find(language_or_path: &str) -> Option<&'static Language> {
    let name = language_or_path.trim();
    if name.is_empty() || name.len() > 4096 {
        return None;
    }
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension);
    let stem = file_name.split_once('.').map(|(stem, _)| stem);
    // `Dockerfile.dev` is a Dockerfile, but `c.txt` is no C.
    let stem = stem.filter(|stem| stem.ends_with("file"));
    let named = |name: &str| LANGUAGES.iter().find(|language| has_word(language.names, name));
    [Some(file_name.as_str()), extension, stem].into_iter().flatten().find_map(named)
}

/// Whether a word is among words separated by spaces.
pub(super) fn has_word(words: &str, word: &str) -> bool {
    words.split_ascii_whitespace().any(|candidate| candidate == word)
}
