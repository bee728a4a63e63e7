//! What a context source can be asked to do (4.20): operations by name, and groups of them.

/// Declares [`Operation`] with the names of Table 4.20-1.
macro_rules! operations {
    ($($variant:ident $text:literal,)*) => {
        /// An operation that a context source may offer (Table 4.20-1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are the standard's own")]
        pub enum Operation {
            $($variant,)*
        }

        impl Operation {
            /// Every one, in the standard's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As it is written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

operations! {
    CreateEntity "createEntity",
    UpdateEntity "updateEntity",
    AppendAttrs "appendAttrs",
    UpdateAttrs "updateAttrs",
    DeleteAttrs "deleteAttrs",
    DeleteEntity "deleteEntity",
    CreateBatch "createBatch",
    UpsertBatch "upsertBatch",
    UpdateBatch "updateBatch",
    DeleteBatch "deleteBatch",
    UpsertTemporal "upsertTemporal",
    AppendAttrsTemporal "appendAttrsTemporal",
    DeleteAttrsTemporal "deleteAttrsTemporal",
    UpdateAttrInstanceTemporal "updateAttrInstanceTemporal",
    DeleteAttrInstanceTemporal "deleteAttrInstanceTemporal",
    DeleteTemporal "deleteTemporal",
    MergeEntity "mergeEntity",
    ReplaceEntity "replaceEntity",
    ReplaceAttrs "replaceAttrs",
    MergeBatch "mergeBatch",
    PurgeEntity "purgeEntity",
    RetrieveEntity "retrieveEntity",
    QueryEntity "queryEntity",
    QueryBatch "queryBatch",
    RetrieveTemporal "retrieveTemporal",
    QueryTemporal "queryTemporal",
    RetrieveEntityTypes "retrieveEntityTypes",
    RetrieveEntityTypeDetails "retrieveEntityTypeDetails",
    RetrieveEntityTypeInfo "retrieveEntityTypeInfo",
    RetrieveAttrTypes "retrieveAttrTypes",
    RetrieveAttrTypeDetails "retrieveAttrTypeDetails",
    RetrieveAttrTypeInfo "retrieveAttrTypeInfo",
    CreateSubscription "createSubscription",
    UpdateSubscription "updateSubscription",
    RetrieveSubscription "retrieveSubscription",
    QuerySubscription "querySubscription",
    DeleteSubscription "deleteSubscription",
    RetrieveEntityMap "retrieveEntityMap",
    UpdateEntityMap "updateEntityMap",
    DeleteEntityMap "deleteEntityMap",
    CreateEntityMapQueryEntity "createEntityMapQueryEntity",
    CreateEntityMapQueryTemporal "createEntityMapQueryTemporal",
    RetrieveContextSourceIdentity "retrieveContextSourceIdentity",
}

impl Operation {
    /// Whether it consumes context information (5.7): what auxiliary sources are asked for (4.3.6.2).
    pub fn consumes(self) -> bool {
        use Operation as O;
        matches!(
            self,
            O::RetrieveEntity
                | O::QueryEntity
                | O::QueryBatch
                | O::RetrieveTemporal
                | O::QueryTemporal
                | O::RetrieveEntityTypes
                | O::RetrieveEntityTypeDetails
                | O::RetrieveEntityTypeInfo
                | O::RetrieveAttrTypes
                | O::RetrieveAttrTypeDetails
                | O::RetrieveAttrTypeInfo
        )
    }
}

/// A named group of operations (Table 4.20-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Group {
    FederationOps,
    AssociationOps,
    UpdateOps,
    RetrieveOps,
    RedirectionOps,
}

impl Group {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::FederationOps,
        Self::AssociationOps,
        Self::UpdateOps,
        Self::RetrieveOps,
        Self::RedirectionOps,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FederationOps => "federationOps",
            Self::AssociationOps => "associationOps",
            Self::UpdateOps => "updateOps",
            Self::RetrieveOps => "retrieveOps",
            Self::RedirectionOps => "redirectionOps",
        }
    }

    /// Whether it holds an operation.
    pub fn has(self, operation: Operation) -> bool {
        use Operation as O;
        let discovers = matches!(
            operation,
            O::RetrieveEntityTypes
                | O::RetrieveEntityTypeDetails
                | O::RetrieveEntityTypeInfo
                | O::RetrieveAttrTypes
                | O::RetrieveAttrTypeDetails
                | O::RetrieveAttrTypeInfo
        );
        let subscribes = matches!(
            operation,
            O::CreateSubscription
                | O::UpdateSubscription
                | O::RetrieveSubscription
                | O::QuerySubscription
                | O::DeleteSubscription
        );
        let maps = matches!(
            operation,
            O::RetrieveEntityMap | O::UpdateEntityMap | O::DeleteEntityMap | O::CreateEntityMapQueryEntity
        );
        let identity = operation == O::RetrieveContextSourceIdentity;
        let reads = matches!(operation, O::RetrieveEntity | O::QueryEntity);
        let updates = matches!(
            operation,
            O::UpdateEntity | O::UpdateAttrs | O::ReplaceEntity | O::ReplaceAttrs
        );
        match self {
            Self::RetrieveOps => reads,
            Self::UpdateOps => updates,
            Self::AssociationOps => {
                reads || operation == O::QueryBatch || discovers || subscribes || identity
            }
            Self::FederationOps => Self::AssociationOps.has(operation) || maps,
            Self::RedirectionOps => {
                reads
                    || updates
                    || discovers
                    || maps
                    || identity
                    || matches!(
                        operation,
                        O::CreateEntity
                            | O::AppendAttrs
                            | O::DeleteAttrs
                            | O::DeleteEntity
                            | O::MergeEntity
                            | O::PurgeEntity
                    )
            }
        }
    }
}

/// An entry of `operations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offered {
    /// One operation.
    One(Operation),
    /// A group of them.
    Group(Group),
}

impl Offered {
    /// Reads a name of 4.20.
    pub fn parse(text: &str) -> Option<Self> {
        let group = Group::ALL.into_iter().find(|group| group.as_str() == text);
        let one = || Operation::ALL.iter().find(|one| one.as_str() == text);
        group
            .map(Self::Group)
            .or_else(|| one().map(|one| Self::One(*one)))
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One(one) => one.as_str(),
            Self::Group(group) => group.as_str(),
        }
    }

    /// Whether it is, or holds, an operation.
    pub fn has(self, operation: Operation) -> bool {
        match self {
            Self::One(one) => one == operation,
            Self::Group(group) => group.has(operation),
        }
    }
}
