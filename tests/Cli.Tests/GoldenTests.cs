using System.Reflection;

namespace Kilonova.Cli.Tests;

/// <summary>
/// Answers to manifests, held to reviewed files. <c>KILONOVA_WRITE_GOLDEN=1</c> writes them anew; the difference is then read like code.
/// </summary>
public class GoldenTests
{
    public static TheoryData<string, string, int> Cases => new()
    {
        { "plain/simulate", "simulate -f plain/1-hosts.yaml plain/2-servers.yaml", 1 },
        { "plain/why-young", "why young -n demo -f plain/1-hosts.yaml -f plain/2-servers.yaml", 0 },
        { "plain/why-old", "why old -n demo -f plain/1-hosts.yaml -f plain/2-servers.yaml", 0 },
        { "plain/why-too-large", "why too-large -n demo -f plain/1-hosts.yaml -f plain/2-servers.yaml", 1 },
        { "plain/capacity", "capacity --flavor small --image demo/debian -f plain/1-hosts.yaml -f plain/2-servers.yaml", 0 },
        { "plain/capacity-huge", "capacity --flavor huge -f plain/1-hosts.yaml -f plain/2-servers.yaml", 1 },
        { "numa/simulate", "simulate -f numa/numa.yaml", 1 },
        { "numa/capacity", "capacity --flavor pinned -f numa/numa.yaml", 0 },
        { "numa/capacity-wrong", "capacity --flavor wrong -f numa/numa.yaml", 1 },
        { "groups/simulate", "simulate -f groups/groups.yaml", 1 },
        { "list/simulate", "simulate -f list/cluster.json", 0 },
        { "plain/simulate-stack", "simulate -f plain/1-hosts.yaml plain/2-servers.yaml --config plain/stack-options.json", 1 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_answer_is_the_reviewed_one(string name, string line, int code)
    {
        foreach (var (form, ending) in new[] { ("json", ".json.golden"), ("table", ".txt.golden") })
        {
            var run = Run.Of($"{line} -o {form}");
            Assert.Equal("", run.Error);
            Assert.Equal(code, run.Code);
            Compare(name + ending, run.Out);
        }
    }

    [Fact]
    public void The_same_files_give_the_same_answer_again()
    {
        Assert.Equal(Run.Of("simulate -f numa/numa.yaml -o json").Out, Run.Of("simulate -f numa/numa.yaml -o json").Out);
    }

    [Fact]
    public void Bad_files_are_told_with_file_line_field_and_rule()
    {
        var run = Run.Of("simulate -f bad");
        Assert.Equal("", run.Out);
        Assert.Equal(2, run.Code);
        Compare("bad/errors.txt.golden", run.Error);
    }

    private static void Compare(string name, string actual)
    {
        if (Environment.GetEnvironmentVariable("KILONOVA_WRITE_GOLDEN") == "1")
        {
            var source = typeof(GoldenTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "CasesInSource").Value!;
            File.WriteAllText(Path.Combine(source, name), actual);
            return;
        }

        var golden = Path.Combine(Run.Cases, name);
        Assert.Equal(File.Exists(golden) ? File.ReadAllText(golden) : "(no file)", actual);
    }
}
