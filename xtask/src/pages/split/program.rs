//! What dividing a program asks about it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{
    ElementItems, ExternalKind, FuncType, FunctionBody, GlobalType, KnownCustom, Name, Parser,
    Payload, TableType, TypeRef,
};

/// How wasm-bindgen calls `raftLab.second` of the boot file; a number of its own follows.
const LOADER: &str = "__wbg_second_";

/// A program, read.
pub(super) struct Program<'a> {
    /// The types of functions, by index.
    pub(super) types: Vec<FuncType>,
    /// How many functions are imported: they have the lowest indices.
    pub(super) imported: u32,
    /// Every function.
    pub(super) functions: Vec<Function<'a>>,
    /// The tables, by index.
    pub(super) tables: Vec<TableType>,
    /// The memory.
    pub(super) memory: wasmparser::MemoryType,
    /// The globals, by index.
    pub(super) globals: Vec<GlobalType>,
    /// Functions that are exported, stand in a table or begin by themselves: anybody may call them.
    pub(super) held: Vec<u32>,
    /// The imported function that loads the second part.
    pub(super) loader: u32,
}

/// A function of a program.
pub(super) struct Function<'a> {
    /// The index of its type.
    pub(super) ty: u32,
    /// Its name without the hashes that the compiler puts into it; empty where it has none.
    pub(super) name: String,
    /// What it does; nothing, if it is imported.
    pub(super) body: Option<FunctionBody<'a>>,
    /// What it uses.
    pub(super) uses: Uses,
}

impl Function<'_> {
    /// How long its code is.
    pub(super) fn bytes(&self) -> u64 {
        self.body.as_ref().map_or(0, |body| body.range().end - body.range().start)
    }
}

/// What a function names of its program, by index.
#[derive(Default)]
pub(super) struct Uses {
    /// Functions that it calls or points to.
    pub(super) functions: BTreeSet<u32>,
    /// Globals.
    pub(super) globals: BTreeSet<u32>,
    /// Tables.
    pub(super) tables: BTreeSet<u32>,
}

/// Whoever writes a function anew is asked for each index: so it is told what there is.
impl Reencode for Uses {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        self.functions.insert(index);
        Ok(index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        self.globals.insert(index);
        Ok(index)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        self.tables.insert(index);
        Ok(index)
    }
}

impl<'a> Program<'a> {
    /// Reads a program.
    ///
    /// # Errors
    /// It is not WebAssembly, or lacks names, memory or the boot file's function.
    pub(super) fn read(wasm: &'a [u8]) -> Result<Program<'a>> {
        let mut read = Reading::default();
        for payload in Parser::new(0).parse_all(wasm) {
            read.take(payload?)?;
        }
        if read.functions.iter().all(|function| function.name.is_empty()) {
            bail!(
                "the program's functions have no names: wasm-opt keeps them with -g (index.html)"
            );
        }
        for (function, body) in
            read.functions.iter_mut().skip(read.imported as usize).zip(read.bodies)
        {
            let mut thrown_away = wasm_encoder::CodeSection::new();
            function.uses.parse_function_body(&mut thrown_away, body.clone())?;
            function.body = Some(body);
        }
        Ok(Program {
            types: read.types,
            imported: read.imported,
            functions: read.functions,
            tables: read.tables,
            memory: read.memory.context("the program has no memory")?,
            globals: read.globals,
            held: read.held,
            loader: read.loader.context("the program never calls raftLab.second")?,
        })
    }

    /// Every index of a function.
    pub(super) fn indices(&self) -> std::ops::Range<u32> {
        0..self.functions.len() as u32
    }

    /// The indices of those that are not imported.
    pub(super) fn own(&self) -> std::ops::Range<u32> {
        self.imported..self.functions.len() as u32
    }

    /// The function of this index.
    pub(super) fn function(&self, index: u32) -> Result<&Function<'a>> {
        self.functions.get(index as usize).with_context(|| format!("there is no function {index}"))
    }

    /// The type of the function of this index; of one that is not there, a type that is not valid.
    pub(super) fn type_of(&self, index: u32) -> u32 {
        self.functions.get(index as usize).map_or(u32::MAX, |function| function.ty)
    }
}

/// A program while it is read.
#[derive(Default)]
struct Reading<'a> {
    types: Vec<FuncType>,
    imported: u32,
    functions: Vec<Function<'a>>,
    bodies: Vec<FunctionBody<'a>>,
    tables: Vec<TableType>,
    memory: Option<wasmparser::MemoryType>,
    globals: Vec<GlobalType>,
    held: Vec<u32>,
    loader: Option<u32>,
}

impl<'a> Reading<'a> {
    fn take(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(types) => {
                for ty in types.into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    let TypeRef::Func(ty) = import.ty else {
                        bail!("the program imports `{}`, which is no function", import.name);
                    };
                    if import.name.starts_with(LOADER) {
                        self.loader = Some(self.imported);
                    }
                    self.declare(ty);
                    self.imported += 1;
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions {
                    self.declare(ty?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(memories) => {
                self.memory = memories.into_iter().next().transpose()?
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.held.push(export.index);
                    }
                }
            }
            Payload::StartSection { func, .. } => self.held.push(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    let ElementItems::Functions(functions) = element?.items else {
                        bail!("a table is filled with more than functions");
                    };
                    for function in functions {
                        self.held.push(function?);
                    }
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.name(names)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn declare(&mut self, ty: u32) {
        let uses = Uses::default();
        self.functions.push(Function { ty, name: String::new(), body: None, uses });
    }

    fn name(&mut self, names: wasmparser::NameSectionReader<'a>) -> Result<()> {
        for part in names {
            let Name::Function(functions) = part? else { continue };
            for naming in functions {
                let naming = naming?;
                if let Some(function) = self.functions.get_mut(naming.index as usize) {
                    function.name = without_hashes(naming.name);
                }
            }
        }
        Ok(())
    }
}

/// `lab[2ae4feaaef673837]::words` as one writes it.
fn without_hashes(name: &str) -> String {
    let mut plain = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        plain += before;
        rest = match after.split_once(']') {
            Some((hash, after)) if is_hash(hash) => after,
            Some(_) | None => {
                plain.push('[');
                after
            }
        };
    }
    plain + rest
}

fn is_hash(text: &str) -> bool {
    text.len() > 8 && text.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes go, and what else stands between brackets stays.
    #[test]
    fn hashes_go() {
        let name =
            "<[lab[2ae4feaaef673837]::few::Few; 3] as core[75d5716931084cc5]::fmt::Debug>::fmt";
        assert_eq!(without_hashes(name), "<[lab::few::Few; 3] as core::fmt::Debug>::fmt");
        assert_eq!(without_hashes("plain"), "plain");
    }
}
