using System.Collections.Immutable;

namespace Kilonova.Scheduling.Placement;

/// <summary>What is asked of a forest of providers.</summary>
public sealed record CandidateQuery
{
    /// <summary>Suffix of the group whose resources may come from any providers of a tree, and from shared ones.</summary>
    public const string Unsuffixed = "";

    /// <summary>Groups, each suffix once. All but <see cref="Unsuffixed"/> are each served by one provider.</summary>
    public required ImmutableArray<RequestGroup> Groups { get; init; }

    /// <summary>Whether no two groups may be served by one provider (<c>isolate</c>).</summary>
    public bool Isolate { get; init; }

    /// <summary>Traits that the root must have itself.</summary>
    public ImmutableArray<string> RootRequired { get; init; } = [];

    /// <summary>Traits that the root must not have.</summary>
    public ImmutableArray<string> RootForbidden { get; init; } = [];

    /// <summary>Sets of suffixes: the providers of each set are all at or below one of them.</summary>
    public ImmutableArray<ImmutableArray<string>> SameSubtree { get; init; } = [];
}

/// <summary>One way to serve a query.</summary>
/// <param name="Root">Root of the tree that it belongs to.</param>
/// <param name="Amounts">Amounts by provider and resource class.</param>
/// <param name="Mappings">Providers by suffix of the group that they serve.</param>
public sealed record AllocationCandidate(
    string Root,
    ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, long>> Amounts,
    ImmutableSortedDictionary<string, ImmutableSortedSet<string>> Mappings);
