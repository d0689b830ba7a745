using Kilonova.Protocol.Tests.Simulation;

namespace Kilonova.Protocol.Tests;

/// <summary>
/// The exploration is sharp: with a rule switched off, the very seeds that are clean otherwise break something. What takes more coincidences than a test run has
/// seeds for is shown by <see cref="TraceTests"/>.
/// </summary>
public sealed class RuleTests(ITestOutputHelper output)
{
    private const int Steps = 10_000;
    private const int MostSeeds = 1_000;

    [Theory]
    [InlineData((int)Rules.Confirmation)]
    [InlineData((int)Rules.LedgerFinalizer)]
    [InlineData((int)Rules.RaiseApart)]
    [InlineData((int)Rules.RestoreHold)]
    [InlineData((int)Rules.Note)]
    [InlineData((int)Rules.ReadAfterGuard)]
    [InlineData((int)Rules.GroupGuard)]
    public void Without_it_something_breaks(int rules)
    {
        var off = (Rules)rules;
        var operations = 0L;
        for (var seed = 1; seed <= MostSeeds; seed++)
        {
            var exploration = new Exploration(seed, off);
            try
            {
                exploration.Run(Steps);
            }
            catch (ProtocolViolation found)
            {
                output.WriteLine($"without {off}, after {operations + exploration.Operations} operations: seed {seed}, step {found.Step}: {found.Broken}");
                new Exploration(seed).Run(Steps);
                return;
            }

            operations += exploration.Operations;
        }

        Assert.Fail($"{MostSeeds} seeds, {operations} operations without {off}, and nothing broke");
    }
}
