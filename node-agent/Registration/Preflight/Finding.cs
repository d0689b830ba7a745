namespace Kilonova.NodeAgent.Registration.Preflight;

/// <summary>What one check of the host found: a condition of the Hypervisor. None of them alone keeps the host from serving.</summary>
/// <param name="Type">Type of the condition.</param>
/// <param name="Holds">Whether it holds; null when that cannot be told.</param>
/// <param name="Reason">Reason of the condition.</param>
/// <param name="Message">What was found, and what to do about it. Without figures that wander: a condition that changes is a write.</param>
internal sealed record Finding(string Type, bool? Holds, string Reason, string Message);
