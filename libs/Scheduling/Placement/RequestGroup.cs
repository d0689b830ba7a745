using System.Collections.Immutable;

namespace Kilonova.Scheduling.Placement;

/// <summary>Resources that come from one provider, and what it must be like (Nova: a granular request group).</summary>
public sealed record RequestGroup
{
    /// <summary>Suffix, for instance <c>1</c> of <c>resources1</c>; unique in a request.</summary>
    public required string Suffix { get; init; }

    /// <summary>What comes from the provider; may be empty for a group that is only about traits.</summary>
    public ImmutableArray<ResourceAmount> Resources { get; init; } = [];

    /// <summary>For each of these, the provider must have one of its traits.</summary>
    public ImmutableArray<ImmutableArray<string>> RequiredTraits { get; init; } = [];

    /// <summary>Traits that the provider must not have.</summary>
    public ImmutableArray<string> ForbiddenTraits { get; init; } = [];

    /// <summary>For each of these, the provider must be in one of its aggregates.</summary>
    public ImmutableArray<ImmutableArray<string>> MemberOf { get; init; } = [];

    /// <summary>Aggregates that the provider must not be in.</summary>
    public ImmutableArray<string> NotMemberOf { get; init; } = [];

    /// <summary>The provider must be in the tree of this one; any when null.</summary>
    public string? InTree { get; init; }
}
