//! Writes the two parts of a program.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder, utils};
use wasm_encoder::{
    CodeSection, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, ImportSection, Module, TableSection, TypeSection, ValType,
};
use wasmparser::Parser;

use super::Parts;
use super::program::Program;

/// The name under which the boot file hands the first part's exports to the second.
const FIRST: &str = "first";
/// The table that both parts call through.
const TABLE: u32 = 0;

/// Where everything stands in the two parts.
struct Plan<'p, 'a> {
    program: &'p Program<'a>,
    moved: &'p BTreeSet<u32>,
    /// The moved functions that the first part mentions, in the order of their slots.
    stubs: Vec<u32>,
    /// The slot of the first stub: those below were there before.
    slots: u32,
    /// What the second part needs of the first, in the order of its imports.
    shared: Vec<Shared>,
    /// A function's index in the first part; for one that moved, its stub's.
    in_first: Vec<u32>,
    /// A function's index in the second part.
    in_second: BTreeMap<u32, u32>,
}

/// Something that the second part imports from the first, by its index in the whole program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shared {
    Function(u32),
    Table(u32),
    Global(u32),
    Memory,
}

/// Writes both parts.
///
/// # Errors
/// The program is not as ours are.
pub(super) fn parts(wasm: &[u8], program: &Program<'_>, moved: &BTreeSet<u32>) -> Result<Parts> {
    let plan = Plan::new(program, moved)?;
    let mut module = Module::new();
    First(&plan)
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .context("the first part cannot be written")?;
    Ok(Parts { first: module.finish(), second: second(&plan)?, report: plan.report()? })
}

impl<'p, 'a> Plan<'p, 'a> {
    fn new(program: &'p Program<'a>, moved: &'p BTreeSet<u32>) -> Result<Plan<'p, 'a>> {
        let mut mentioned: BTreeSet<u32> = program.held.iter().copied().collect();
        let mut shared = BTreeSet::from([Shared::Table(TABLE), Shared::Memory]);
        for index in program.indices() {
            let uses = &program.function(index)?.uses;
            if moved.contains(&index) {
                let kept = uses.functions.iter().filter(|used| !moved.contains(used));
                shared.extend(kept.map(|&used| Shared::Function(used)));
                shared.extend(uses.globals.iter().map(|&used| Shared::Global(used)));
                shared.extend(uses.tables.iter().map(|&used| Shared::Table(used)));
            } else {
                mentioned.extend(&uses.functions);
            }
        }
        let stubs: Vec<u32> = mentioned.intersection(moved).copied().collect();
        let table = program.tables.first().context("the program has no table")?;
        let kept = program.indices().filter(|index| !moved.contains(index));
        let mut in_first = vec![0; program.functions.len()];
        for (place, index) in kept.chain(stubs.iter().copied()).enumerate() {
            if let Some(new) = in_first.get_mut(index as usize) {
                *new = place as u32;
            }
        }
        let imports = shared.iter().filter_map(|shared| match shared {
            Shared::Function(index) => Some(*index),
            Shared::Table(_) | Shared::Global(_) | Shared::Memory => None,
        });
        let in_second = imports.chain(moved.iter().copied()).zip(0..).collect();
        let slots = u32::try_from(table.initial)?;
        let shared = shared.into_iter().collect();
        Ok(Plan { program, moved, stubs, slots, shared, in_first, in_second })
    }

    /// How many functions the first part has, without the one that all stubs call.
    fn first_count(&self) -> u32 {
        (self.program.functions.len() - self.moved.len() + self.stubs.len()) as u32
    }

    fn first_index(&self, index: u32) -> u32 {
        // One that is not there makes a part that is not valid, and that is looked at.
        self.in_first.get(index as usize).copied().unwrap_or(u32::MAX)
    }

    /// The index in the second part of something that it shares: its place among its `kind`.
    fn place(&self, kind: fn(&Shared) -> bool, wanted: Shared) -> u32 {
        let found = self.shared.iter().filter(|shared| kind(shared)).position(|it| *it == wanted);
        found.map_or(u32::MAX, |place| place as u32)
    }

    /// The slots and who waits in them, and what moved.
    fn report(&self) -> Result<String> {
        let mut lines = String::new();
        for (slot, &index) in (self.slots..).zip(&self.stubs) {
            lines += &format!("{slot} {}\n", self.program.function(index)?.name);
        }
        lines += "\nmoved, with bytes of code:\n";
        let mut moved = Vec::new();
        for &index in self.moved {
            let function = self.program.function(index)?;
            moved.push((function.bytes(), &function.name));
        }
        moved.sort_by(|one, other| other.cmp(one));
        for (bytes, name) in moved {
            lines += &format!("{bytes} {name}\n");
        }
        Ok(lines)
    }
}

/// The name of what the first part shares, by its place; words are wasm-bindgen's.
fn shared_name(place: usize) -> String {
    place.to_string()
}

/// Writes the first part: the program without what moved, with stubs in its place.
struct First<'x, 'p, 'a>(&'x Plan<'p, 'a>);

impl First<'_, '_, '_> {
    /// The type of the function that all stubs call: it is added behind the others.
    fn present_type(&self) -> u32 {
        self.0.program.types.len() as u32
    }

    /// A call through the table, once it is sure that the slot is filled.
    fn stub(&self, slot: u32, ty: u32) -> Function {
        let parameters = self.0.program.types.get(ty as usize).map_or(0, |ty| ty.params().len());
        let mut function = Function::new([]);
        let mut body = function.instructions();
        for parameter in 0..parameters as u32 {
            body.local_get(parameter);
        }
        body.i32_const(slot as i32).call(self.0.first_count()).call_indirect(TABLE, ty).end();
        function
    }

    /// Takes a slot, has the second part loaded if it is empty, and answers with the slot.
    fn present(&self) -> Function {
        let mut function = Function::new([]);
        let mut body = function.instructions();
        body.local_get(0).table_get(TABLE).ref_is_null().if_(wasm_encoder::BlockType::Empty);
        body.local_get(0).call(self.0.first_index(self.0.program.loader)).end();
        body.local_get(0).end();
        function
    }
}

impl Reencode for First<'_, '_, '_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.0.first_index(index))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], [ValType::I32]);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for (ty, index) in section.into_iter().zip(self.0.program.imported..) {
            if !self.0.moved.contains(&index) {
                functions.function(ty?);
            }
        }
        for stub in &self.0.stubs {
            functions.function(self.0.program.type_of(*stub));
        }
        functions.function(self.present_type());
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        tables: &mut TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for (table, place) in section.into_iter().zip(0..) {
            let mut table = table?;
            if place == TABLE {
                let more = self.0.stubs.len() as u64;
                table.ty.initial += more;
                table.ty.maximum = table.ty.maximum.map(|most| most + more);
            }
            self.parse_table(tables, table)?;
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_export_section(self, exports, section)?;
        for (place, shared) in self.0.shared.iter().enumerate() {
            let (kind, index) = match *shared {
                Shared::Function(index) => (ExportKind::Func, self.0.first_index(index)),
                Shared::Table(index) => (ExportKind::Table, index),
                Shared::Global(index) => (ExportKind::Global, index),
                Shared::Memory => (ExportKind::Memory, 0),
            };
            exports.export(&shared_name(place), kind, index);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for (body, index) in section.into_iter().zip(self.0.program.imported..) {
            if !self.0.moved.contains(&index) {
                self.parse_function_body(code, body?)?;
            }
        }
        for (slot, &index) in (self.0.slots..).zip(&self.0.stubs) {
            code.function(&self.stub(slot, self.0.program.type_of(index)));
        }
        code.function(&self.present());
        Ok(())
    }

    /// Names and notes of the tools that came before are for nobody who visits the page.
    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        Ok(())
    }
}

/// Writes the second part: what moved, and imports in the place of what did not.
struct Second<'x, 'p, 'a> {
    plan: &'x Plan<'p, 'a>,
    /// The types that it uses, in the order of their first use.
    types: Vec<u32>,
}

impl Reencode for Second<'_, '_, '_> {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.plan.in_second.get(&index).copied().unwrap_or(u32::MAX))
    }

    fn type_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        let known = self.types.iter().position(|&known| known == index);
        let place = known.unwrap_or_else(|| {
            self.types.push(index);
            self.types.len() - 1
        });
        Ok(place as u32)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.plan.place(|shared| matches!(shared, Shared::Table(_)), Shared::Table(index)))
    }

    fn global_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.plan.place(|shared| matches!(shared, Shared::Global(_)), Shared::Global(index)))
    }
}

fn second(plan: &Plan<'_, '_>) -> Result<Vec<u8>> {
    let mut write = Second { plan, types: Vec::new() };
    let program = plan.program;
    let mut imports = ImportSection::new();
    for (place, shared) in plan.shared.iter().enumerate() {
        let entity = match *shared {
            Shared::Function(index) => {
                EntityType::Function(write.type_index(program.function(index)?.ty)?)
            }
            Shared::Table(index) => {
                let mut table = *program.tables.get(index as usize).context("a table")?;
                if index == TABLE {
                    table.initial += plan.stubs.len() as u64;
                    table.maximum = table.maximum.map(|most| most + plan.stubs.len() as u64);
                }
                EntityType::Table(write.table_type(table)?)
            }
            Shared::Global(index) => {
                let global = *program.globals.get(index as usize).context("a global")?;
                EntityType::Global(write.global_type(global)?)
            }
            Shared::Memory => EntityType::Memory(write.memory_type(program.memory)?),
        };
        imports.import(FIRST, &shared_name(place), entity);
    }
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for &index in plan.moved {
        let function = program.function(index)?;
        functions.function(write.type_index(function.ty)?);
        let body = function.body.clone().context("an imported function cannot move")?;
        write.parse_function_body(&mut code, body)?;
    }
    let mut waiting = Vec::new();
    for &stub in &plan.stubs {
        waiting.push(write.function_index(stub)?);
    }
    let mut elements = ElementSection::new();
    let first_slot = wasm_encoder::ConstExpr::i32_const(plan.slots as i32);
    elements.active(
        Some(write.table_index(TABLE)?),
        &first_slot,
        Elements::Functions(waiting.into()),
    );
    let mut types = TypeSection::new();
    for index in write.types {
        let ty = program.types.get(index as usize).context("a type")?;
        types.ty().func_type(&RoundtripReencoder.func_type(ty.clone())?);
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&elements).section(&code);
    Ok(module.finish())
}
