namespace Kilonova.NodeAgent.Registration.Preflight;

/// <summary>What was found of libvirt's autostart on domains of ours, which is never set by the agent.</summary>
/// <param name="Cleared">Instance IDs on which it was cleared since the agent started, sorted.</param>
/// <param name="Left">Instance IDs on which it is still set, sorted.</param>
/// <param name="Trouble">Why it could not be cleared.</param>
internal sealed record AutostartFacts(IReadOnlyList<string> Cleared, IReadOnlyList<string> Left, string Trouble)
{
    /// <summary>Nothing was found.</summary>
    public static AutostartFacts None { get; } = new([], [], "");
}
