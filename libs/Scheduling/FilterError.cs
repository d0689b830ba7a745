namespace Kilonova.Scheduling;

/// <summary>A filter threw for a host; the host was rejected.</summary>
/// <param name="Filter">Name of the filter.</param>
/// <param name="Host">Name of the Hypervisor.</param>
/// <param name="Exception">What it threw, for the log.</param>
public sealed record FilterError(string Filter, string Host, Exception Exception)
{
    /// <summary>How many are kept of one decision.</summary>
    internal const int Kept = 8;
}
