using System.Reflection;
using System.Text.RegularExpressions;

namespace Kilonova.Kubernetes.Tests.Checklist;

/// <summary>Holds <c>docs/kubernetes-client.md</c> to what there is.</summary>
public sealed partial class TableTests
{
    private const int Lines = 52;

    private static readonly string s_root = typeof(TableTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    private static IEnumerable<(int Number, string DoneBy, string Tests)> Rows() =>
        from line in File.ReadLines(Path.Combine(s_root, "docs", "kubernetes-client.md"))
        let cells = line.Split('|', StringSplitOptions.TrimEntries)
        where cells.Length == 6 && int.TryParse(cells[1], out _)
        select (int.Parse(cells[1], System.Globalization.CultureInfo.InvariantCulture), cells[3], cells[4]);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted { get; }

    [Fact]
    public void Each_line_is_there_once_and_has_a_test() =>
        Assert.Equal(Enumerable.Range(1, Lines), Rows().Where(r => Quoted.IsMatch(r.Tests)).Select(r => r.Number));

    [Fact]
    public void Each_test_that_is_named_exists_and_is_not_skipped()
    {
        var tests = typeof(TableTests).Assembly.GetTypes()
            .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Select(m => (Name: $"{t.Name}.{m.Name}", Fact: m.GetCustomAttribute<FactAttribute>())))
            .Where(t => t.Fact is { Skip: null })
            .Select(t => t.Name)
            .ToHashSet();
        var named = Rows().SelectMany(r => Quoted.Matches(r.Tests).Select(m => $"{r.Number}: {m.Groups[1].Value}"));
        Assert.Equal([], named.Where(n => !tests.Contains(n[(n.IndexOf(' ', StringComparison.Ordinal) + 1)..])));
    }

    [Fact]
    public void Each_file_that_is_named_exists()
    {
        var library = Path.Combine(s_root, "libs", "Kubernetes");
        var files = Rows().SelectMany(r => Quoted.Matches(r.DoneBy).Select(m => m.Groups[1].Value)).Where(f => f.EndsWith(".cs", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        Assert.Equal([], files.Where(f => !File.Exists(Path.Combine(library, f))));
    }
}
