// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// Good code made bad, to see that somebody notices.
//
// Sources: every accepted case with one line added or taken away. Lowered code: every accepted case
// with one instruction changed the way a fault of a pass, or of LLVM, would change it; there the
// verifier alone has to notice, so that it does not lean on the passes before it.
#include <gtest/gtest.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <fstream>
#include <functional>

#include "engine/compiler/access_path.h"
#include "engine/compiler/compile.h"
#include "engine/compiler/runtime_calls.h"
#include "engine/compiler/testing/compile_source.h"
#include "engine/compiler/verify.h"

namespace defib::compiler {
namespace {

// -- Lowered code --------------------------------------------------------------------------------

llvm::CallBase* first_call(llvm::Function& function, llvm::StringRef name) {
    for (llvm::Instruction& instruction : instructions(function))
        if (call_of(instruction, name) != nullptr) return llvm::cast<llvm::CallBase>(&instruction);
    return nullptr;
}

// All of them: a cycle may pass the charges of several loops, and one is enough.
std::vector<llvm::CallBase*> calls(llvm::Function& function, llvm::StringRef name) {
    std::vector<llvm::CallBase*> found;
    for (llvm::Instruction& instruction : instructions(function))
        if (call_of(instruction, name) != nullptr)
            found.push_back(llvm::cast<llvm::CallBase>(&instruction));
    return found;
}

llvm::Value* as_pointer(llvm::IRBuilder<>& builder, llvm::Value* number) {
    return builder.CreateIntToPtr(number, builder.getPtrTy());
}

// Each changes one thing where the function has it, and says whether it had.
struct Mutation {
    const char* name;
    bool (*apply)(llvm::Function& function);
};

bool change_argument(llvm::Function& function, llvm::StringRef name, unsigned argument,
                     uint64_t value) {
    llvm::CallBase* call = first_call(function, name);
    if (call == nullptr) return false;
    call->setArgOperand(argument,
                        llvm::ConstantInt::get(call->getArgOperand(argument)->getType(), value));
    return true;
}

bool at_entry(llvm::Function& function, void (*add)(llvm::IRBuilder<>&, llvm::Function&)) {
    llvm::IRBuilder<> builder(&*function.getEntryBlock().getFirstInsertionPt());
    add(builder, function);
    return true;
}

const Mutation MUTATIONS[] = {
    {"raw load instead of the runtime's",
     [](llvm::Function& function) {
         llvm::CallBase* call = first_call(function, LOAD);
         if (call == nullptr) return false;
         llvm::IRBuilder<> builder(call);
         call->replaceAllUsesWith(
             builder.CreateLoad(builder.getInt64Ty(), as_pointer(builder, call->getArgOperand(1))));
         return true;
     }},
    {"raw store instead of the runtime's",
     [](llvm::Function& function) {
         llvm::CallBase* call = first_call(function, STORE);
         if (call == nullptr) return false;
         llvm::IRBuilder<> builder(call);
         builder.CreateStore(call->getArgOperand(2), as_pointer(builder, call->getArgOperand(1)));
         call->eraseFromParent();
         return true;
     }},
    {"store to an unlisted field",
     [](llvm::Function& function) { return change_argument(function, STORE, 4, 4711); }},
    {"store to a field that is chosen at run time",
     [](llvm::Function& function) {
         llvm::CallBase* call = first_call(function, STORE);
         if (call == nullptr) return false;
         llvm::IRBuilder<> builder(call);
         llvm::Value* choice = builder.CreateIsNull(call_of(*call, STORE)->getArgOperand(0));
         call->setArgOperand(4, builder.CreateZExt(choice, builder.getInt32Ty()));
         return true;
     }},
    {"store of three bytes",
     [](llvm::Function& function) { return change_argument(function, STORE, 3, 3); }},
    {"load of 16 bytes",
     [](llvm::Function& function) { return change_argument(function, LOAD, 2, 16); }},
    {"unlisted slot",
     [](llvm::Function& function) { return change_argument(function, BINDING, 1, 4711); }},
    {"unlisted record",
     [](llvm::Function& function) { return change_argument(function, EMIT, 1, 4711); }},
    {"record too small for what is stored",
     [](llvm::Function& function) { return change_argument(function, EMIT, 2, 1); }},
    {"charge of nothing",
     [](llvm::Function& function) { return change_argument(function, CHARGE, 1, 0); }},
    {"another context",
     [](llvm::Function& function) {
         llvm::CallBase* call = first_call(function, BINDING);
         if (call == nullptr) return false;
         call->setArgOperand(
             0, llvm::ConstantPointerNull::get(llvm::PointerType::get(function.getContext(), 0)));
         return true;
     }},
    {"charges whose answer nobody asks",
     [](llvm::Function& function) {
         for (llvm::CallBase* call : calls(function, CHARGE))
             call->replaceAllUsesWith(llvm::ConstantInt::getTrue(function.getContext()));
         return !calls(function, CHARGE).empty();
     }},
    {"charges with their answer turned round",
     [](llvm::Function& function) {
         for (llvm::CallBase* call : calls(function, CHARGE))
             llvm::cast<llvm::BranchInst>(call->getParent()->getTerminator())->swapSuccessors();
         return !calls(function, CHARGE).empty();
     }},
    {"charges whose answer is asked behind the loop",
     [](llvm::Function& function) {
         const auto charges = calls(function, CHARGE);
         if (charges.size() != 1) return false;
         auto* branch = llvm::cast<llvm::BranchInst>(charges.front()->getParent()->getTerminator());
         llvm::BasicBlock* dead = branch->getSuccessor(1);
         llvm::BasicBlock* granted = dead->splitBasicBlock(dead->getTerminator());
         llvm::BasicBlock* refused = llvm::BasicBlock::Create(function.getContext(), "", &function);
         llvm::IRBuilder<>(refused).CreateRet(llvm::IRBuilder<>(refused).getInt64(0));
         llvm::ReplaceInstWithInst(dead->getTerminator(),
                                   llvm::BranchInst::Create(granted, refused, charges.front()));
         branch->setCondition(llvm::ConstantInt::getTrue(function.getContext()));
         return true;
     }},
    {"charges left out",
     [](llvm::Function& function) {
         const auto charges = calls(function, CHARGE);
         for (llvm::CallBase* call : charges) {
             call->replaceAllUsesWith(llvm::ConstantInt::getTrue(function.getContext()));
             call->eraseFromParent();
         }
         return !charges.empty();
     }},
    {"index check left out",
     [](llvm::Function& function) {
         llvm::CallBase* call = first_call(function, INDEX);
         if (call == nullptr) return false;
         // Only where it guards ordinary memory; of kernel addresses the runtime keeps the rest.
         for (const llvm::User* user : call->users())
             if (llvm::isa<llvm::GetElementPtrInst>(user)) {
                 call->replaceAllUsesWith(call->getArgOperand(1));
                 return true;
             }
         return false;
     }},
    {"index check against a larger size",
     [](llvm::Function& function) {
         llvm::CallBase* call = first_call(function, INDEX);
         if (call == nullptr || !llvm::isa<llvm::GetElementPtrInst>(call->user_back()))
             return false;
         return change_argument(function, INDEX, 2, 1 << 20);
     }},
    {"division without its guard",
     [](llvm::Function& function) {
         llvm::CallBase* call = first_call(function, DIVIDE);
         if (call == nullptr) return false;
         llvm::IRBuilder<> builder(call);
         call->replaceAllUsesWith(
             builder.CreateUDiv(call->getArgOperand(0), call->getArgOperand(1)));
         return true;
     }},
    {"a loop that was not there",
     [](llvm::Function& function) {
         llvm::BasicBlock& entry = function.getEntryBlock();
         llvm::BasicBlock* rest = llvm::SplitBlock(&entry, entry.getTerminator());
         llvm::BasicBlock* turn =
             llvm::BasicBlock::Create(function.getContext(), "", &function, rest);
         entry.getTerminator()->setSuccessor(0, turn);
         llvm::IRBuilder<> builder(turn);
         builder.CreateCondBr(
             builder.CreateICmpEQ(&*(function.arg_begin()),
                                  llvm::ConstantPointerNull::get(builder.getPtrTy())),
             turn, rest);
         return true;
     }},
    {"variable on the stack",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function&) {
             builder.CreateStore(builder.getInt64(1), builder.CreateAlloca(builder.getInt64Ty()));
         });
     }},
    {"global variable",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function& at) {
             auto* global = llvm::cast<llvm::GlobalVariable>(
                 at.getParent()->getOrInsertGlobal("state", builder.getInt64Ty()));
             global->setInitializer(builder.getInt64(0));
             builder.CreateStore(builder.getInt64(1), global);
         });
     }},
    {"the context looked into",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function& at) {
             builder.CreateLoad(builder.getInt64Ty(), at.getArg(0));
         });
     }},
    {"the context written to",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function& at) {
             builder.CreateStore(builder.getInt64(~uint64_t{0}), at.getArg(0));
         });
     }},
    {"call of an unknown function",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function& at) {
             builder.CreateCall(at.getParent()->getOrInsertFunction("system", builder.getVoidTy()));
         });
     }},
    {"call through a pointer",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function& at) {
             builder.CreateCall(llvm::FunctionType::get(builder.getVoidTy(), false), at.getArg(0));
         });
     }},
    {"assembly",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function&) {
             auto* type = llvm::FunctionType::get(builder.getVoidTy(), false);
             builder.CreateCall(llvm::InlineAsm::get(type, "", "", true));
         });
     }},
    {"fence",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function&) {
             builder.CreateFence(llvm::AtomicOrdering::SequentiallyConsistent);
         });
     }},
    {"atomic on a record",
     [](llvm::Function& function) {
         llvm::CallBase* record = first_call(function, EMIT);
         if (record == nullptr) return false;
         llvm::IRBuilder<> builder(record->getNextNode());
         builder.CreateAtomicRMW(llvm::AtomicRMWInst::Add, record, builder.getInt32(1),
                                 llvm::MaybeAlign(), llvm::AtomicOrdering::Monotonic);
         return true;
     }},
    {"address of a record as a number",
     [](llvm::Function& function) {
         llvm::CallBase* record = first_call(function, EMIT);
         if (record == nullptr) return false;
         llvm::IRBuilder<> builder(record->getNextNode());
         builder.CreatePtrToInt(record, builder.getInt64Ty());
         return true;
     }},
    {"memory behind a record",
     [](llvm::Function& function) {
         llvm::CallBase* record = first_call(function, EMIT);
         if (record == nullptr) return false;
         llvm::IRBuilder<> builder(record->getNextNode());
         builder.CreateStore(builder.getInt8(1),
                             builder.CreateConstGEP1_64(builder.getInt8Ty(), record, 1 << 16));
         return true;
     }},
    {"memory in front of a record",
     [](llvm::Function& function) {
         llvm::CallBase* record = first_call(function, EMIT);
         if (record == nullptr) return false;
         llvm::IRBuilder<> builder(record->getNextNode());
         builder.CreateStore(builder.getInt8(1), builder.CreateGEP(builder.getInt8Ty(), record,
                                                                   builder.getInt64(~uint64_t{0})));
         return true;
     }},
    {"fill beyond a record",
     [](llvm::Function& function) {
         llvm::CallBase* record = first_call(function, EMIT);
         if (record == nullptr) return false;
         llvm::IRBuilder<> builder(record->getNextNode());
         builder.CreateMemSet(record, builder.getInt8(0), 1 << 16, llvm::MaybeAlign());
         return true;
     }},
    {"one of two indices unchecked",
     [](llvm::Function& function) {
         llvm::CallBase* index = first_call(function, INDEX);
         if (index == nullptr) return false;
         const auto step = llvm::find_if(index->users(), [](const llvm::User* user) {
             return llvm::isa<llvm::GetElementPtrInst>(user);
         });
         if (step == index->user_end()) return false;
         auto* at = llvm::cast<llvm::Instruction>(*step);
         llvm::IRBuilder<> builder(at);
         llvm::Value* unchecked = index->getArgOperand(1);
         llvm::Value* chosen = builder.CreateSelect(
             builder.CreateICmpULT(unchecked, builder.getInt64(2)), index, unchecked);
         at->replaceUsesOfWith(index, chosen);
         return true;
     }},
    {"memory beyond what a detector keeps",
     [](llvm::Function& function) {
         llvm::CallBase* memory = first_call(function, MEMORY);
         if (memory == nullptr) return false;
         llvm::IRBuilder<> builder(memory->getNextNode());
         builder.CreateStore(builder.getInt8(1),
                             builder.CreateConstGEP1_64(builder.getInt8Ty(), memory, 24));
         return true;
     }},
    {"more to keep than is listed",
     [](llvm::Function& function) {
         llvm::CallBase* memory = first_call(function, MEMORY);
         if (memory == nullptr) return false;
         memory->setArgOperand(1, llvm::ConstantInt::get(memory->getArgOperand(1)->getType(), 32));
         return true;
     }},
    {"a clock where there is none",
     [](llvm::Function& function) {
         if (first_call(function, STORE) == nullptr) return false;  // not a routine
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function& at) {
             builder.CreateCall(&runtime_call(*at.getParent(), NOW), {at.getArg(0)});
         });
     }},
    {"floating point",
     [](llvm::Function& function) {
         return at_entry(function, [](llvm::IRBuilder<>& builder, llvm::Function& at) {
             builder.CreateStore(llvm::ConstantFP::get(builder.getFloatTy(), 1.0), at.getArg(0));
         });
     }},
};

TEST(Mutations, OfLoweredCodeAreAllRefused) {
    std::map<std::string, unsigned> applied;
    for (const std::filesystem::path& source : files_in(cases_folder() / "accept")) {
        llvm::LLVMContext context;
        std::vector<Refusal> errors;
        const auto module = to_bitcode(context, source, errors);
        ASSERT_NE(module, nullptr) << source;
        Refusals none;
        const Manifest manifest = compile_set(*module, none);
        ASSERT_TRUE(none.empty()) << source;
        for (const Mutation& mutation : MUTATIONS) {
            const auto copy = llvm::CloneModule(*module);
            const std::string name = ROUTINE_PREFIX + manifest.routines.back().declaration.name;
            if (!mutation.apply(*copy->getFunction(name))) continue;
            ++applied[mutation.name];
            Refusals refusals;
            verify_module(*copy, manifest, refusals);
            EXPECT_FALSE(refusals.empty()) << mutation.name << " in " << source;
        }
    }
    for (const Mutation& mutation : MUTATIONS)
        EXPECT_GT(applied[mutation.name], 0U) << mutation.name << " was never tried";
}

// Of an object that the address lies in: the pointer to it was just read.
llvm::CallBase* load_of_object(const llvm::CallBase& store) {
    llvm::Value* address = store.getArgOperand(1);
    if (auto* sum = llvm::dyn_cast<llvm::BinaryOperator>(address)) address = sum->getOperand(0);
    return call_of(*address, LOAD) != nullptr ? llvm::cast<llvm::CallBase>(address) : nullptr;
}

// The manifest says of a store's field that it is no found one: then the way to it is held to that.
TEST(Mutations, OfTheWayToAStoreAreAllRefused) {
    unsigned own_pointers = 0;
    unsigned numbers = 0;
    const auto is_refused = [](const llvm::Module& module, const Manifest& manifest) {
        Refusals refusals;
        verify_module(module, manifest, refusals);
        return !refusals.empty();
    };
    for (const std::filesystem::path& source : files_in(cases_folder() / "accept")) {
        llvm::LLVMContext context;
        std::vector<Refusal> errors;
        const auto module = to_bitcode(context, source, errors);
        ASSERT_NE(module, nullptr) << source;
        Refusals none;
        const Manifest manifest = compile_set(*module, none);
        ASSERT_TRUE(none.empty()) << source;
        const Routine& routine = manifest.routines.back();
        const bool is_clean = llvm::none_of(
            routine.stores, [&](unsigned field) { return manifest.fields()[field].is_found; });
        if (routine.stores.empty() || !is_clean) continue;
        const std::string name = ROUTINE_PREFIX + routine.declaration.name;

        const auto with_number = llvm::CloneModule(*module);
        llvm::Function& function = *with_number->getFunction(name);
        llvm::CallBase& store = *first_call(function, STORE);
        llvm::IRBuilder<> builder(&store);
        store.setArgOperand(1, builder.CreateCall(&runtime_call(*with_number, LOAD),
                                                  {function.getArg(0), store.getArgOperand(1),
                                                   builder.getInt32(8)}));
        EXPECT_TRUE(is_refused(*with_number, manifest)) << source;
        ++numbers;

        const auto with_own = llvm::CloneModule(*module);
        llvm::CallBase* load = load_of_object(*first_call(*with_own->getFunction(name), STORE));
        if (load == nullptr) continue;
        load->setArgOperand(2, builder.getInt32(8));
        EXPECT_TRUE(is_refused(*with_own, manifest)) << source;
        ++own_pointers;
    }
    EXPECT_GT(numbers, 10U);
    EXPECT_GT(own_pointers, 0U);
}

// -- Sources -------------------------------------------------------------------------------------

bool is_refused(const std::string& text) {
    const TemporaryFolder folder;
    const std::filesystem::path source = folder / "mutant.cpp";
    std::ofstream(source) << text;
    return !compile_source(source).refusals.empty();
}

// Behind the last brace that opens an entry's body.
std::string with_statement(std::string text, const std::string& statement) {
    const size_t entry = text.find_last_of('\n', text.rfind("SUMMARY"));
    const size_t body = text.find('{', entry);
    if (body != std::string::npos) text.insert(body + 1, statement);
    return text;
}

TEST(Mutations, OfSourcesAreAllRefused) {
    const std::string statements[] = {
        "asm volatile(\"\");",
        "*reinterpret_cast<volatile u64*>(8) = 1;",
        "__atomic_thread_fence(__ATOMIC_SEQ_CST);",
        "extern void elsewhere(); elsewhere();",
        "*symbol(u64, jiffies_64) = 0;",
        "static u64 state; state += 1;",
    };
    size_t next = 0;
    for (const std::filesystem::path& source : files_in(cases_folder() / "accept")) {
        const std::string text = read_text(source);
        // One of them for each case: every pair would be the same again, 50 times slower.
        const std::string& statement = statements[next++ % std::size(statements)];
        EXPECT_TRUE(is_refused(with_statement(text, statement))) << statement << " in " << source;
    }
}

TEST(Mutations, EveryStoreNeedsItsDeclaration) {
    unsigned tried = 0;
    for (const std::filesystem::path& source : files_in(cases_folder() / "accept")) {
        std::string text = read_text(source);
        for (size_t at = text.find(", WRITES"); at != std::string::npos;
             at = text.find(", WRITES", at + 1)) {
            std::string without = text;
            without.erase(at, without.find(')', at) + 1 - at);
            EXPECT_TRUE(is_refused(without)) << source;
            ++tried;
        }
    }
    EXPECT_GT(tried, 10U);
}

}  // namespace
}  // namespace defib::compiler
