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
// What a kernel pointer points to leaves no trace in LLVM's IR, where pointers have no type. A cast
// would let a routine reach one field under another's name, and the size or offset of a declared
// structure is a number of this compiler's, not of the kernel's. So what can confuse types or
// measures declared structures is refused here, except in the language's own headers.
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

// Which member the objects of a list hang by travels the same way.
struct HoldsAttribute : ParsedAttrInfo {
    HoldsAttribute() {
        // Of [[...]] clang passes on no arguments to a plugin.
        static constexpr Spelling SPELLINGS[] = {{ParsedAttr::AS_GNU, "defib_holds"}};
        Spellings = SPELLINGS;
        NumArgs = 1;
    }
    AttrHandling handleDeclAttribute(Sema& sema, Decl* declaration,
                                     const ParsedAttr& attribute) const override {
        StringRef path;
        if (!isa<FieldDecl>(declaration) ||
            !sema.checkStringLiteralArgumentAttr(attribute, 0, path)) {
            sema.Diag(attribute.getLoc(),
                      sema.Diags.getCustomDiagID(DiagnosticsEngine::Error,
                                                 "HOLDS(structure.member) belongs on a member"));
            return AttributeNotApplied;
        }
        const std::string tag = defib::compiler::HOLDS_TAG + path.str();
        declaration->addAttr(BTFDeclTagAttr::CreateImplicit(sema.Context, tag));
        return AttributeApplied;
    }
};

bool is_kernel_pointer(QualType type) {
    if (!type->isPointerType()) return false;
    const LangAS space = type->getPointeeType().getAddressSpace();
    return isTargetAddressSpace(space) &&
           toTargetAddressSpace(space) == defib::compiler::KERNEL_SPACE;
}

bool is_kernel_structure(QualType type) {
    const RecordDecl* record = type->getAsRecordDecl();
    return record != nullptr && record->hasAttr<BPFPreserveAccessIndexAttr>();
}

// A kernel pointer, or something of this program's memory that holds one.
bool holds_kernel_pointer(QualType type) {
    if (is_kernel_pointer(type)) return true;
    if (const Type* element = type->getArrayElementTypeNoTypeQual())
        return holds_kernel_pointer(QualType(element, 0));
    const RecordDecl* record = type->getAsRecordDecl();
    if (record == nullptr || record->getDefinition() == nullptr) return false;
    for (const FieldDecl* field : record->getDefinition()->fields())
        if (holds_kernel_pointer(field->getType())) return true;
    return false;
}

// Writing through it would change which object a kernel pointer names.
bool points_to_kernel_pointer(QualType type) {
    if (!type->isPointerType() && !type->isReferenceType()) return false;
    return !is_kernel_pointer(type) && holds_kernel_pointer(type->getPointeeType());
}

class RulesVisitor : public RecursiveASTVisitor<RulesVisitor> {
  public:
    explicit RulesVisitor(CompilerInstance& compiler)
        : sources_(compiler.getSourceManager()), diagnostics_(compiler.getDiagnostics()) {}

    // Templates are looked at with their types filled in.
    bool shouldVisitTemplateInstantiations() const { return true; }

    bool VisitExplicitCastExpr(ExplicitCastExpr* cast) {
        const Expr* from = cast->getSubExpr();
        if (!is_kernel_pointer(cast->getType()) || from->getType()->isNullPtrType()) return true;
        if (is_kernel_pointer(from->getType()) && is_same_but_for_qualifiers(from, cast))
            return true;
        refuse(
            cast->getBeginLoc(),
            "cast to a kernel pointer: take it from a field, a symbol, container_of(), element() "
            "or narrow(); pointer_from() makes one of a found word");
        return true;
    }

    // Also the implicit ones, to void*, that memcpy's arguments are.
    bool VisitCastExpr(CastExpr* cast) {
        if (cast->getCastKind() != CK_BitCast && cast->getCastKind() != CK_LValueBitCast)
            return true;
        const QualType from = cast->getSubExpr()->getType();
        const QualType to = cast->getType();
        const bool is_lvalue = cast->getCastKind() == CK_LValueBitCast;
        if (points_to_kernel_pointer(from) || points_to_kernel_pointer(to) ||
            (is_lvalue && (holds_kernel_pointer(from) || holds_kernel_pointer(to))))
            refuse(cast->getBeginLoc(),
                   "a kernel pointer is reached through another type; copy it as what it is");
        if (to->isFunctionPointerType() || from->isFunctionPointerType())
            refuse(cast->getBeginLoc(),
                   "a function under another type; call it with the arguments that it takes");
        return true;
    }

    bool VisitFieldDecl(FieldDecl* field) {
        const RecordDecl* parent = field->getParent();
        if (parent->isUnion() && !parent->hasAttr<BPFPreserveAccessIndexAttr>() &&
            holds_kernel_pointer(field->getType()))
            refuse(field->getBeginLoc(),
                   "a kernel pointer in a union, where it shares its place with something else; "
                   "keep it in a variable of its own");
        return true;
    }

    bool VisitCXXRecordDecl(CXXRecordDecl* record) {
        if (record->hasDefinition() && record->hasAttr<BPFPreserveAccessIndexAttr>() &&
            record->getNumBases() != 0)
            refuse(record->getLocation(),
                   "a structure of the kernel with a base; declare its members in it");
        return true;
    }

    bool VisitUnaryExprOrTypeTraitExpr(UnaryExprOrTypeTraitExpr* measure) {
        if (is_kernel_structure(measure->getTypeOfArgument()))
            refuse(measure->getBeginLoc(),
                   "the size of a declaration; ask the kernel's with size_of_type() or size_of()");
        return true;
    }

    bool VisitOffsetOfExpr(OffsetOfExpr* measure) {
        if (is_kernel_structure(measure->getTypeSourceInfo()->getType()))
            refuse(measure->getBeginLoc(),
                   "the offset in a declaration; ask the kernel's with offset_of()");
        return true;
    }

    bool VisitBinaryOperator(BinaryOperator* operation) {
        const QualType object = operation->getLHS()->getType();
        const bool is_kernel =
            is_kernel_pointer(object) || isTargetAddressSpace(object.getAddressSpace());
        if (operation->isPtrMemOp() && is_kernel)
            refuse(operation->getBeginLoc(),
                   "a pointer to a member is an offset of the declaration; name the member");
        const bool is_distance = operation->getOpcode() == BO_Sub && is_kernel_pointer(object) &&
                                 is_kernel_pointer(operation->getRHS()->getType());
        if (is_distance && is_kernel_structure(object->getPointeeType()))
            refuse(operation->getBeginLoc(),
                   "the distance of two pointers counts in a declaration's size; subtract "
                   "address_of() of them");
        return true;
    }

    // What the macros and templates of the language are made of: the checks of types are theirs.
    bool VisitDeclRefExpr(DeclRefExpr* use) {
        const auto* function = dyn_cast<FunctionDecl>(use->getDecl());
        const IdentifierInfo* name = function == nullptr ? nullptr : function->getIdentifier();
        if (name != nullptr && name->getName().starts_with("defib_"))
            refuse(
                use->getLocation(),
                "one of the language's own calls; use what engine/kernel/language.h makes of it");
        return true;
    }

    bool VisitDecl(Decl* declaration) {
        if (declaration->hasAttr<AsmLabelAttr>() || declaration->hasAttr<AliasAttr>() ||
            declaration->hasAttr<WeakRefAttr>() || declaration->hasAttr<IFuncAttr>())
            refuse(declaration->getLocation(),
                   "something under another name; call it by the name that it was declared with");
        return true;
    }

  private:
    static bool is_same_but_for_qualifiers(const Expr* from, const ExplicitCastExpr* cast) {
        const auto bare = [](QualType type) {
            return type->getPointeeType().getCanonicalType().getTypePtr();
        };
        return bare(from->getType()) == bare(cast->getType());
    }

    // A macro of the language that is used in a routine is spelled in the language's header. Paths
    // are the source tree's, as the build gives them.
    bool is_of_language(SourceLocation location) const {
        StringRef file = sources_.getFilename(sources_.getSpellingLoc(location));
        file.consume_front("./");
        return file.starts_with("engine/kernel/") && !file.contains("..");
    }

    void refuse(SourceLocation location, const char* reason) {
        if (is_of_language(location)) return;
        const unsigned message =
            diagnostics_.getDiagnosticIDs()->getCustomDiagID(DiagnosticIDs::Error, reason);
        diagnostics_.Report(sources_.getExpansionLoc(location), message);
    }

    SourceManager& sources_;
    DiagnosticsEngine& diagnostics_;
};

class RulesConsumer : public ASTConsumer {
  public:
    explicit RulesConsumer(CompilerInstance& compiler) : visitor_(compiler) {}
    void HandleTranslationUnit(ASTContext& context) override { visitor_.TraverseAST(context); }

  private:
    RulesVisitor visitor_;
};

class RulesAction : public PluginASTAction {
  protected:
    std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance& compiler, StringRef) override {
        return std::make_unique<RulesConsumer>(compiler);
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
const ParsedAttrInfoRegistry::Add<HoldsAttribute> holds_attribute("defib_holds",
                                                                  "what hangs on a list");
// NOLINTNEXTLINE(readability-identifier-naming)
const FrontendPluginRegistry::Add<RulesAction> rules_action("defib_rules",
                                                            "what only the syntax shows");

}  // namespace
