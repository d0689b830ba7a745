using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kilonova.Cli.Output;

/// <summary>Writes text and tables: with colours and as wide as it is to a terminal, plain and without wrapping elsewhere.</summary>
internal sealed class Page
{
    /// <summary>Wider than any line.</summary>
    private const int Unlimited = 2000;

    private readonly IAnsiConsole console;
    private readonly StringWriter? plain;
    private readonly TextWriter output;

    public Page(TextWriter output, bool terminal)
    {
        this.output = output;
        plain = terminal ? null : new StringWriter();
        console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(plain ?? output),
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (!terminal) console.Profile.Width = Unlimited;
    }

    /// <summary>A line.</summary>
    public void Line(string text = "", string? style = null)
    {
        Write(new Text(text, style is null ? null : Style.Parse(style)));
        console.WriteLine();
        Flush();
    }

    /// <summary>A table in kubectl's manner; none when it has no rows.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().NoBorder();
        for (var i = 0; i < columns.Count; i++) table.AddColumn(new TableColumn(new Text(columns[i], new Style(decoration: Decoration.Bold))) { Padding = new Padding(i == 0 ? 2 : 0, 0, 3, 0) });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(cell)));
        if (table.Rows.Count == 0) return;
        Write(table);
        Flush();
    }

    private void Write(IRenderable part) => console.Write(part);

    /// <summary>Columns are filled up with blanks, which nobody wants at the end of a line.</summary>
    private void Flush()
    {
        if (plain is null) return;
        foreach (var line in plain.ToString().TrimEnd('\n').Split('\n')) output.Write(line.TrimEnd() + "\n");
        plain.GetStringBuilder().Clear();
    }
}
