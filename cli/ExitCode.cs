namespace Kilonova.Cli;

/// <summary>What the program ends with.</summary>
internal static class ExitCode
{
    /// <summary>All was placed; for <c>why</c>, there is a host; for <c>capacity</c>, one more fits at least.</summary>
    public const int Fits = 0;

    /// <summary>Some were not placed; nothing fits.</summary>
    public const int DoesNotFit = 1;

    /// <summary>The command line, a file, or what they name is wrong.</summary>
    public const int BadInput = 2;

    /// <summary>The cluster cannot be reached, or refuses.</summary>
    public const int NoCluster = 3;
}
