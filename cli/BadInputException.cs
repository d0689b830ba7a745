namespace Kilonova.Cli;

/// <summary>Something that the user gave is wrong: a line for each mistake.</summary>
internal sealed class BadInputException(IReadOnlyList<string> mistakes, Exception? cause = null) : Exception(string.Join('\n', mistakes), cause)
{
    /// <summary>One mistake.</summary>
    public BadInputException(string mistake, Exception? cause = null)
        : this([mistake], cause)
    {
    }
}
