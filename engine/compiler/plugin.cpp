// SPDX-FileCopyrightText: The defib authors
// SPDX-License-Identifier: Apache-2.0
//
// The part of the compiler that sits inside clang: it turns plain member access on a declared
// kernel structure into a named one, and it closes what only the syntax tree can show.
//
// clang can emit `llvm.preserve.*.access.index` for any target, but honours the attribute that asks
// for it (`preserve_access_index`) on BPF in C only. An attribute of our own that adds it to the
// declaration is all that is missing. Recognising fields from bare address arithmetic and debug
// information instead would be unsound: bit-fields and arrays of structures slip through.
//
// A cast between two kernel pointers leaves no trace in LLVM's IR, where pointers have no type; it
// would let a routine reach one field under another's name. So it is refused here, except in the
// language's own headers.
#include "clang/AST/ASTConsumer.h"
#include "clang/AST/ASTContext.h"
#include "clang/AST/Attr.h"
#include "clang/AST/RecursiveASTVisitor.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/FrontendPluginRegistry.h"
#include "clang/Sema/ParsedAttr.h"
#include "clang/Sema/Sema.h"
#include "engine/compiler/names.h"

namespace {

using namespace clang;

struct KernelAttribute : ParsedAttrInfo {
    KernelAttribute() {
        static constexpr Spelling SPELLINGS[] = {{ParsedAttr::AS_CXX11, "defib::kernel"}};
        Spellings = SPELLINGS;
    }
    AttrHandling handleDeclAttribute(Sema& sema, Decl* declaration,
                                     const ParsedAttr& attribute) const override {
        if (!isa<RecordDecl>(declaration)) {
            sema.Diag(attribute.getLoc(),
                      sema.Diags.getCustomDiagID(DiagnosticsEngine::Error,
                                                 "[[defib::kernel]] belongs on a struct or union"));
            return AttributeNotApplied;
        }
        declaration->addAttr(BPFPreserveAccessIndexAttr::CreateImplicit(sema.Context));
        return AttributeApplied;
    }
};

// A part's name is all that the tool has to know; a marker type beside it carries it into the IR.
struct PartAttribute : ParsedAttrInfo {
    PartAttribute() {
        static constexpr Spelling SPELLINGS[] = {{ParsedAttr::AS_CXX11, "defib::part"}};
        Spellings = SPELLINGS;
    }
    AttrHandling handleDeclAttribute(Sema& sema, Decl* declaration,
                                     const ParsedAttr&) const override {
        declaration->addAttr(
            BTFDeclTagAttr::CreateImplicit(sema.Context, defib::compiler::PART_TAG));
        return AttributeApplied;
    }
};

bool is_kernel_pointer(QualType type) {
    if (!type->isPointerType()) return false;
    const LangAS space = type->getPointeeType().getAddressSpace();
    return isTargetAddressSpace(space) &&
           toTargetAddressSpace(space) == defib::compiler::KERNEL_SPACE;
}

class CastVisitor : public RecursiveASTVisitor<CastVisitor> {
  public:
    explicit CastVisitor(CompilerInstance& compiler)
        : sources_(compiler.getSourceManager()),
          diagnostics_(compiler.getDiagnostics()),
          refused_(diagnostics_.getCustomDiagID(
              DiagnosticsEngine::Error,
              "cast to a kernel pointer: take it from a field, a symbol, container_of(), element() "
              "or narrow(); pointer_from() makes one of a found word")) {}

    bool VisitExplicitCastExpr(ExplicitCastExpr* cast) {
        if (!is_kernel_pointer(cast->getType()) || is_of_language(cast->getBeginLoc())) return true;
        const Expr* from = cast->getSubExpr();
        if (from->getType()->isNullPtrType()) return true;
        if (is_kernel_pointer(from->getType()) && is_same_but_for_qualifiers(from, cast))
            return true;
        diagnostics_.Report(sources_.getExpansionLoc(cast->getBeginLoc()), refused_);
        return true;
    }

  private:
    static bool is_same_but_for_qualifiers(const Expr* from, const ExplicitCastExpr* cast) {
        const auto bare = [](QualType type) {
            return type->getPointeeType().getCanonicalType().getTypePtr();
        };
        return bare(from->getType()) == bare(cast->getType());
    }

    // A macro of the language that is used in a routine is spelled in the language's header.
    bool is_of_language(SourceLocation location) const {
        const StringRef file = sources_.getFilename(sources_.getSpellingLoc(location));
        return file.contains("engine/kernel/");
    }

    SourceManager& sources_;
    DiagnosticsEngine& diagnostics_;
    unsigned refused_;
};

class CastConsumer : public ASTConsumer {
  public:
    explicit CastConsumer(CompilerInstance& compiler) : visitor_(compiler) {}
    void HandleTranslationUnit(ASTContext& context) override { visitor_.TraverseAST(context); }

  private:
    CastVisitor visitor_;
};

class CastAction : public PluginASTAction {
  protected:
    std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance& compiler, StringRef) override {
        return std::make_unique<CastConsumer>(compiler);
    }
    bool ParseArgs(const CompilerInstance&, const std::vector<std::string>&) override {
        return true;
    }
    ActionType getActionType() override { return AddBeforeMainAction; }
};

// NOLINTNEXTLINE(readability-identifier-naming)
const ParsedAttrInfoRegistry::Add<KernelAttribute> kernel_attribute("defib_kernel",
                                                                    "a structure of the kernel");
// NOLINTNEXTLINE(readability-identifier-naming)
const ParsedAttrInfoRegistry::Add<PartAttribute> part_attribute("defib_part", "only inside others");
// NOLINTNEXTLINE(readability-identifier-naming)
const FrontendPluginRegistry::Add<CastAction> cast_action("defib_casts", "refuses kernel casts");

}  // namespace
