namespace Kilonova.Scheduling;

/// <summary>A filter threw for a host, and the host was rejected; or a weigher threw, and added nothing.</summary>
/// <param name="Filter">Name of the filter or weigher.</param>
/// <param name="Host">Name of the Hypervisor; empty for a weigher, and where the whole request failed.</param>
/// <param name="Exception">What it threw, for the log.</param>
public sealed record FilterError(string Filter, string Host, Exception Exception)
{
    /// <summary>How many are kept of one decision.</summary>
    internal const int Kept = 8;
}
