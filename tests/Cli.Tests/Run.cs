using System.Text;

namespace Kilonova.Cli.Tests;

/// <summary>What a run of the program left.</summary>
internal sealed record Run(int Code, string Out, string Error)
{
    private static readonly Lock Directory = new();

    /// <summary>Folder of the cases; the program runs in it, so that messages name files the same everywhere.</summary>
    public static string Cases { get; } = Path.Combine(AppContext.BaseDirectory, "cases");

    /// <summary>Runs the program.</summary>
    /// <param name="line">Its arguments, with blanks between.</param>
    /// <param name="input">Standard input.</param>
    public static Run Of(string line, string input = "")
    {
        using var bytes = new MemoryStream();
        using var output = new StreamWriter(bytes);
        using var error = new StringWriter();
        lock (Directory)
        {
            Environment.CurrentDirectory = Cases;
            var run = CommandLine.RunAsync(
                line.Split(' ', StringSplitOptions.RemoveEmptyEntries), new Terminal(new StringReader(input), output, error, IsTerminal: false), TimeProvider.System);
            var code = run.GetAwaiter().GetResult();
            output.Flush();
            return new Run(code, Encoding.UTF8.GetString(bytes.ToArray()), error.ToString());
        }
    }
}
