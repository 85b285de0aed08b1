//! The program in two parts: a first one that draws the page and runs the cluster, and a second one
//! with what nobody needs before they act.
//!
//! Both are one program: compiled once, with one memory and one table of functions. The second part
//! imports what it needs of the first. The first calls into the second through the table, by way of
//! a *stub* in the place of each function that moved; its slot in the table is empty until the
//! second part is there, and a stub that finds it empty has `static/boot.js` load that part on the
//! spot. So whatever moves, the program does the same as before; which functions move ([`rule`])
//! only decides what a first visit loads.
//!
//! Binaryen's `wasm-split` does the like, but no registry that we fetch tools from has one that
//! reads what today's Rust emits.

mod program;
mod rule;
mod watch;
mod write;

use anyhow::{Result, bail};

use program::Program;

/// The program, divided.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Starts by itself.
    pub(crate) first: Vec<u8>,
    /// Imports what it needs of the first.
    pub(crate) second: Vec<u8>,
    /// Which function waits in which slot of the table, and how much moved.
    pub(crate) report: String,
}

/// The program as a whole, telling which of its functions run.
pub(crate) struct Watched {
    /// Gives each function's index to `raftLab.second` when it runs.
    pub(crate) whole: Vec<u8>,
    /// A line for each function, in the order of their indices: its bytes and its name.
    pub(crate) functions: String,
}

/// Has a program tell which of its functions run.
///
/// # Errors
/// As [`split`].
pub(crate) fn watched(wasm: &[u8]) -> Result<Watched> {
    watch::watched(wasm, &Program::read(wasm)?)
}

/// Divides a program, whose functions still have their names.
///
/// # Errors
/// It is no program of ours: names, the boot file's function or its table are missing; or a part
/// would not be valid.
pub(crate) fn split(wasm: &[u8]) -> Result<Parts> {
    split_by(wasm, &rule::ACTING, rule::IDLE)
}

fn split_by(wasm: &[u8], acting: &[&str], idle: &str) -> Result<Parts> {
    let program = Program::read(wasm)?;
    let moved = rule::moved(&program, acting, idle)?;
    let parts = write::parts(wasm, &program, &moved)?;
    for (name, part) in [("first", &parts.first), ("second", &parts.second)] {
        if let Err(error) = wasmparser::Validator::new().validate_all(part) {
            bail!("the {name} part of the program is not valid: {error}");
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection,
        Function, FunctionSection, ImportSection, IndirectNameMap, MemorySection, MemoryType,
        Module, NameMap, NameSection, RefType, TableSection, TableType, TypeSection, ValType,
    };

    use super::*;

    /// A program of `main`, which calls `draw` and `shared`; of `draw`, which calls `row` and
    /// `shared`; and of `listener`, which stands in the table. `named`: whether they have names.
    fn program(loader: &str, named: bool) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32], []);
        types.ty().function([ValType::I32, ValType::I64], [ValType::F64]);
        let mut imports = ImportSection::new();
        imports.import("./page_bg.js", loader, EntityType::Function(0));
        let mut functions = FunctionSection::new();
        for ty in [0, 1, 0, 0, 0] {
            functions.function(ty);
        }
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: 2,
            maximum: Some(2),
            shared: false,
        });
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("main", ExportKind::Func, 1);
        let mut elements = ElementSection::new();
        elements.active(None, &ConstExpr::i32_const(1), Elements::Functions([5].as_slice().into()));
        let mut code = CodeSection::new();
        let bodies: [&dyn Fn(&mut Function); 5] = [
            &|main| {
                main.instructions().i32_const(7).i64_const(8).call(2).drop();
                main.instructions().local_get(0).call(4).i32_const(0).call(0).end();
            },
            &|draw| {
                draw.instructions()
                    .local_get(0)
                    .call(3)
                    .local_get(0)
                    .call(4)
                    .f64_const(1.0.into())
                    .end();
            },
            &|row| {
                row.instructions().memory_size(0).drop().end();
            },
            &|shared| {
                shared.instructions().end();
            },
            &|listener| {
                listener.instructions().end();
            },
        ];
        for body in bodies {
            let mut function = Function::new([]);
            body(&mut function);
            code.function(&function);
        }
        let mut names = NameMap::new();
        for (name, index) in
            ["main", "<app[0123456789abcdef]::panel::Panel>::draw", "row", "shared", "listener"]
                .iter()
                .zip(1..)
        {
            names.append(index, name);
        }
        let mut name_section = NameSection::new();
        name_section.functions(&names);
        name_section.locals(&IndirectNameMap::new());
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&tables);
        module.section(&memories).section(&exports).section(&elements).section(&code);
        if named {
            module.section(&name_section);
        }
        module.finish()
    }

    /// How many functions of its own a part has, and how many it imports.
    fn counts(part: &[u8]) -> (usize, u32) {
        let mut counts = (0, 0);
        for payload in wasmparser::Parser::new(0).parse_all(part) {
            match payload.unwrap() {
                wasmparser::Payload::CodeSectionEntry(_) => counts.0 += 1,
                wasmparser::Payload::ImportSection(imports) => {
                    let functions = imports.into_imports().filter(|import| {
                        matches!(import.as_ref().unwrap().ty, wasmparser::TypeRef::Func(_))
                    });
                    counts.1 += functions.count() as u32;
                }
                _ => {}
            }
        }
        counts
    }

    /// What is named moves, and what only it calls; both parts are valid, and a stub stands for it.
    #[test]
    fn what_is_named_moves_with_its_own() {
        let whole = program("__wbg_second_1a", true);
        let parts = split_by(&whole, &["app::panel::"], "gone\n").unwrap();
        // main, shared, listener; a stub for draw, and what all stubs call.
        assert_eq!(counts(&parts.first), (5, 1));
        // draw and row, which call shared.
        assert_eq!(counts(&parts.second), (2, 1));
        assert!(parts.report.starts_with("2 <app::panel::Panel>::draw\n"), "{}", parts.report);
        // One that stands in the table has a stub there, one that both parts call has one too.
        let parts = split_by(&whole, &[], "listener\nshared\n").unwrap();
        assert_eq!((counts(&parts.first), counts(&parts.second)), ((6, 1), (2, 0)));
        let parts = split_by(&whole, &[], "row\n").unwrap();
        assert_eq!((counts(&parts.first), counts(&parts.second)), ((6, 1), (1, 0)));
    }

    /// A program without names and one that can load nothing are errors.
    #[test]
    fn what_cannot_be_divided_is_named() {
        let error = |wasm: &[u8]| split_by(wasm, &[], "").map(drop).unwrap_err().to_string();
        assert!(error(&program("__wbg_second_1a", false)).contains("no names"));
        assert!(error(&program("__wbg_other_1a", true)).contains("raftLab.second"));
        assert!(split_by(b"no program", &[], "").is_err());
    }

    /// A watched program is the same, but for telling what runs.
    #[test]
    fn a_watched_program_is_whole() {
        let watched = watched(&program("__wbg_second_1a", true)).unwrap();
        wasmparser::Validator::new().validate_all(&watched.whole).unwrap();
        assert_eq!(counts(&watched.whole), (5, 1));
        let names: Vec<&str> = watched.functions.lines().collect();
        assert!(names[1].ends_with(" main") && names[3].ends_with(" row"), "{names:?}");
    }
}
