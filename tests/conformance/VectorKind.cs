using System.Text.Json.Nodes;

namespace Kilonova.Conformance;

/// <summary>One kind of vector: how a case is put to our code, and how our answer is compared with Nova's.</summary>
public abstract class VectorKind
{
    /// <summary>Name on the command line, and of the vectors that are kept here.</summary>
    public abstract string Name { get; }

    /// <summary>Name of a vector, for messages.</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>Its ID.</returns>
    public virtual string IdOf(JsonObject vector) => vector["case"]?["id"]?.ToString() ?? vector["scenario"]?["id"]?.ToString() ?? "(no ID)";

    /// <summary>Answers a case with our code.</summary>
    /// <param name="vector">The vector; only the case is looked at.</param>
    /// <returns>Our answer, in the vector's own schema.</returns>
    public abstract JsonObject Answer(JsonObject vector);

    /// <summary>Compares our answer with the one in the vector.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="ours">What <see cref="Answer"/> gave.</param>
    /// <param name="findings">Takes what differs.</param>
    public abstract void Compare(JsonObject vector, JsonObject ours, Findings findings);
}

/// <summary>What differs between two answers.</summary>
public sealed class Findings
{
    private readonly List<string> differences = [];
    private readonly SortedSet<string> reasons = new(StringComparer.Ordinal);

    /// <summary>Differences that nothing explains.</summary>
    public IReadOnlyList<string> Differences => differences;

    /// <summary>Reasons of the differences that are explained, each a heading of <c>docs/conformance.md</c>.</summary>
    public IReadOnlyCollection<string> Reasons => reasons;

    /// <summary>Notes a difference.</summary>
    /// <param name="text">What differs: theirs and ours.</param>
    public void Different(string text) => differences.Add(text);

    /// <summary>Notes a difference that is meant, or between answers that are equally right.</summary>
    /// <param name="reason">Heading of <c>docs/conformance.md</c> that explains it.</param>
    public void Explained(string reason) => reasons.Add(reason);
}
